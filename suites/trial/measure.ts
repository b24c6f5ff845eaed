import { closeTrial, openTrial, type MeasureContext } from './open-trial.ts';
import {
  driveTrial,
  inferFirst,
  rest,
  scoreTrial,
  warmTrial,
  wrongOutput,
} from './trial-phases.ts';
import { trialReply } from './trial-reply.ts';
import type { TrialReply, TrialSpec } from './trial-spec.ts';

/**
 * One trial, in its phases: open cold, check the outputs, rest, warm up, drive,
 * check again, score. What happened to the machine meanwhile is read just before
 * and just after the load.
 */
export async function measureTrial(spec: TrialSpec, context: MeasureContext): Promise<TrialReply> {
  const trial = await openTrial(spec, context);
  try {
    const first = await inferFirst(trial);
    const wrong = await wrongOutput(trial, 'before');
    if (wrong !== null) return { kind: 'invalid', reasons: [wrong] };
    const idle = await rest(trial);
    const warm = await warmTrial(trial);
    const driven = await driveTrial(trial, first);
    const after = await wrongOutput(trial, 'after');
    const quality = await scoreTrial(trial);
    const found = { first, idle, warm, driven, quality };
    return trialReply(trial, { ...found, wrong: after === null ? [] : [after] });
  } finally {
    await closeTrial(trial);
  }
}

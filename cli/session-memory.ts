import { observeSession } from '../engine/artifacts/session-memory/observe-session.ts';
import type { ObservedRequest } from '../engine/artifacts/observe-shapes.ts';
import { messageOf } from '../engine/base/errors.ts';
import { formatBytes } from '../engine/base/units.ts';
import { planMemory, type MemoryPlan } from '../engine/graph/memory-plan/plan-memory.ts';
import {
  predictSession,
  type SessionPrediction,
} from '../engine/graph/memory-plan/predict-session.ts';
import { defaultEngineConfig } from '../engine/runtime/engine-config.ts';
import type { Tensors } from '../engine/runtime/tensor.ts';
import type { Progress } from './progress.ts';

/** What a model's default session takes; without, why that is not known. */
export type SessionMemory =
  | { readonly state: 'planned'; readonly plan: MemoryPlan; readonly prediction: SessionPrediction }
  | { readonly state: 'unavailable'; readonly reason: string };

const TIMEOUT_MS = 300_000;

/**
 * Runs a model in a process of its own and plans the memory of a session with the
 * runtime's defaults, at the batch of the first sample.
 */
export async function planSession(
  job: { readonly modelPath: string; readonly samples: readonly Tensors[] },
  around: { readonly progress: Pick<Progress, 'step'>; readonly signal: AbortSignal },
): Promise<SessionMemory> {
  around.progress.step('planning its memory');
  const { graphLevel, arena, memPattern } = defaultEngineConfig(1);
  const requests = requestsOf(job.samples);
  try {
    const facts = await observeSession(
      { modelPath: job.modelPath, graphLevel, requests },
      { timeoutMs: TIMEOUT_MS, signal: around.signal },
    );
    const [{ batch }] = requests;
    const prediction = predictSession(facts, { batch, arena, memPattern });
    return { state: 'planned', plan: planMemory(facts, batch), prediction };
  } catch (thrown) {
    around.signal.throwIfAborted();
    return { state: 'unavailable', reason: messageOf(thrown) };
  }
}

/** The first sample, and the second where it is the same with twice the rows. */
export function requestsOf(
  samples: readonly Tensors[],
): readonly [ObservedRequest, ...ObservedRequest[]] {
  const [first = {}, second = {}] = samples;
  const rows = rowsOf(first);
  const single = { batch: rows, feeds: first };
  return isTwice(first, second) ? [single, { batch: 2 * rows, feeds: second }] : [single];
}

function rowsOf(feeds: Tensors): number {
  const [input] = Object.values(feeds);
  return Math.max(1, input?.dims[0] ?? 1);
}

/** Every input has the same shape, or twice the rows; one of them at least. */
function isTwice(first: Tensors, second: Tensors): boolean {
  const names = Object.keys(first);
  const growth = names.map((name) => {
    const [before = [], after = []] = [first[name]?.dims, second[name]?.dims];
    if (before.join() === after.join()) return 1;
    const [rows = 0, ...rest] = before;
    return [2 * rows, ...rest].join() === after.join() ? 2 : Number.NaN;
  });
  return growth.includes(2) && growth.every((factor) => factor === 1 || factor === 2);
}

/** Tensors of the peak that a terminal shows. */
const SHOWN = 3;

export function memoryLines(memory: SessionMemory): string[] {
  if (memory.state === 'unavailable') return [`  memory: not known, ${memory.reason}`];
  const { plan, prediction } = memory;
  const shown = plan.peakTensors.slice(0, SHOWN);
  const more = plan.peakTensors.length - shown.length;
  const names = shown.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(', ');
  const { weightsBytes, packedBytes, loadingBytes, activationBytes } = prediction;
  return [
    `  memory of a run at batch ${plan.batch}: at most ${formatBytes(plan.peakBytes)} of tensors at a time, ${formatBytes(plan.withoutReuseBytes)} if none were used again`,
    `  alive then, at node ${plan.peakNode + 1} of ${plan.aliveBytes.length}: ${names}${more > 0 ? ` and ${more} more` : ''}`,
    `  a session: about ${formatBytes(prediction.sessionBytes)} (weights ${formatBytes(weightsBytes)}, packed copies ${formatBytes(packedBytes)}, code and what loading leaves ${formatBytes(loadingBytes)}, runs ${formatBytes(activationBytes)})`,
  ];
}

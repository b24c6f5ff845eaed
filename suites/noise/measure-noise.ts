import { UserError } from '../../engine/base/errors.ts';
import { formatNumber } from '../../engine/base/units.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import { compareTrials, type ComparedTrial } from '../comparison/compare-trials.ts';
import { noiseRecord, type NoiseRecord } from '../comparison/noise-floor.ts';
import { describeInvalid } from '../trial-findings.ts';
import type { TrialRecord } from '../trial-record.ts';
import { trialProtocol, type TrialSpec } from '../trial/trial-spec.ts';
import type { NoiseProbe } from './probe-model.ts';

/** Blocks of four trials of a quarter of a second, process start included: some 20 s. */
const NOISE_BLOCKS = 7;
const TRIAL_MS = 250;

export interface NoiseOptions {
  readonly probe: NoiseProbe;
  readonly config: EngineConfig;
  readonly seed: number;
  readonly hostKey: string;
  readonly measuredAt: string;
  readonly measure: (
    spec: Omit<TrialSpec, 'spawnedAtMs'>,
    trial: ComparedTrial,
  ) => Promise<TrialRecord>;
  readonly onBlock: (done: number, of: number) => void;
}

/**
 * How much two runs of the very same thing differ on this machine, measured as a
 * comparison is: what cannot be told apart here, cannot be told apart by any
 * comparison here either. Throws UserError when the machine is too restless for
 * even that.
 */
export async function measureNoise(options: NoiseOptions): Promise<NoiseRecord> {
  const { probe, config, seed } = options;
  const spec = {
    ...probe,
    goldenFolder: null,
    config,
    scenario: { name: 'closed-loop' },
    seed,
    protocol: trialProtocol(TRIAL_MS),
    evaluationCount: 0,
    idleMs: 0,
  } as const;
  const { blocks, reason } = await compareTrials({
    measure: (trial) => options.measure(spec, trial),
    primary: [{ metric: 'throughput', margin: 0 }],
    seed,
    fixedBlocks: NOISE_BLOCKS,
    onBlock: (done) => options.onBlock(done, NOISE_BLOCKS),
  });
  if (blocks.length < NOISE_BLOCKS) throw tooRestless(reason);
  return noiseRecord(
    blocks.map((block) => block.logRatios),
    { hostKey: options.hostKey, measuredAt: options.measuredAt },
  );
}

function tooRestless(reason: TrialRecord | null): UserError {
  return new UserError(`this machine's noise cannot be measured: ${whyLost(reason)}`, {
    remedy: "see what 'claw host' advises, and try again when the machine is calmer",
  });
}

function whyLost(reason: TrialRecord | null): string {
  switch (reason?.state) {
    case 'invalid':
      return reason.reasons.map(describeInvalid).join('; ');
    case 'failed':
    case 'out-of-memory':
      return reason.message;
    case 'timeout':
      return `a trial took longer than ${formatNumber(reason.limitMs)} ms`;
    case 'completed':
    case undefined:
      return 'no trial was completed';
  }
}

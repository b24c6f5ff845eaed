import { UserError } from '../engine/base/errors.ts';
import { describeInvalid } from './trial-findings.ts';
import type { TrialMetrics } from './trial-record.ts';
import type { TrialOutcome } from './trial/run-trial.ts';
import type { TrialProtocol } from './trial/trial-spec.ts';
import type { WorkloadSource } from './workload-source.ts';

/** Runs one trial of the default configuration at a batch size. */
export type ProbeTrial = (request: {
  readonly modelPath: string;
  readonly datasetFolder: string;
  readonly batchSize: number;
  readonly evaluationCount: number;
  readonly protocol: TrialProtocol;
}) => Promise<TrialOutcome>;

export interface ProbedWorkload {
  readonly batch: 'free' | number;
  readonly evaluationCount: number;
  /** Median time of one sample, ms. */
  readonly sampleMs: number;
  /** Memory of the process with the runtime loaded, before there was a session. */
  readonly runtimeBytes: number;
  readonly notes: readonly string[];
}

/** Just enough to see that the model runs, and about how fast. */
const PROBE_PROTOCOL: TrialProtocol = Object.freeze({
  windowMs: 50,
  warmupMinRequests: 2,
  warmupMaxMs: 50,
  measureMs: 100,
  measureMinRequests: 3,
  measureMaxMs: 60_000,
});

const MAX_EVALUATION = 1000;
/** Scoring may take about this much of each trial. */
const EVALUATION_MS = 3000;

/**
 * Tries the default configuration once, and a batch of two where the model says
 * that the batch is free: some exports name the dimension but fix it inside.
 * Throws UserError when the model cannot be run at all.
 */
export async function probeWorkload(
  source: WorkloadSource,
  probe: ProbeTrial,
): Promise<ProbedWorkload> {
  const batchSize = source.batch === 'free' ? 1 : source.batch;
  const request = {
    modelPath: source.modelPath,
    datasetFolder: source.datasetFolder,
    protocol: PROBE_PROTOCOL,
    evaluationCount: Math.min(source.labelled, batchSize),
  };
  const single = await probe({ ...request, batchSize });
  const figures = figuresOf(single);
  if (figures === null) throw cannotRun(source, single);
  const sampleMs = figures.latencyMs.p50 / batchSize;
  const evaluationCount = affordableSamples(source.labelled, sampleMs);
  const { runtimeBytes } = figures.memory;
  const known = { evaluationCount, sampleMs, runtimeBytes };
  if (source.batch !== 'free') return { ...known, batch: source.batch, notes: [] };
  const double = await probe({ ...request, batchSize: 2 });
  if (figuresOf(double) !== null) return { ...known, batch: 'free', notes: [] };
  const note = `the model names its batch dimension but does not run at batch 2, so batching is left out: ${reasonOf(double)}`;
  return { ...known, batch: 1, notes: [note] };
}

/** A trial on a restless machine is invalid, but its model has run. */
function figuresOf(outcome: TrialOutcome): TrialMetrics | null {
  if (outcome.state === 'completed') return outcome.metrics;
  return outcome.state === 'invalid' ? (outcome.evidence?.metrics ?? null) : null;
}

/** As many as fit the time, at least 100 where there are so many, at most 1,000. */
function affordableSamples(labelled: number, sampleMs: number): number {
  const affordable = Math.max(100, Math.floor(EVALUATION_MS / sampleMs));
  return Math.min(labelled, MAX_EVALUATION, affordable);
}

function cannotRun({ modelPath, data }: WorkloadSource, outcome: TrialOutcome): UserError {
  return new UserError(`${modelPath} does not run: ${reasonOf(outcome)}`, {
    remedy:
      data.kind === 'random'
        ? 'its inputs were random: give real ones with --data FILE.npz, or check the model'
        : 'check that the model and the data belong together',
  });
}

function reasonOf(outcome: TrialOutcome): string {
  switch (outcome.state) {
    case 'failed':
    case 'out-of-memory':
      return outcome.message;
    case 'timeout':
      return `no answer within ${outcome.limitMs / 1000} s`;
    case 'invalid':
      return outcome.reasons.map(describeInvalid).join(', ');
    case 'completed':
      return 'it runs';
  }
}

import type { HostProfile } from '../../hosts/host-profile.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { runSource, type ComparedSource } from '../../tuner/compare/compared-source.ts';
import type { Energy } from '../../tuner/compare/cost.ts';
import type { MeasuredArm, RunRecord } from '../../tuner/run-record.ts';
import type { Arm } from '../../tuner/arm.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { completedRecord, fakeRun } from './fake-trials.ts';

/** Hand-made runs of several hosts: no model runs. */

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
export const plainArm: Arm = space.defaultArm;
export const fastArm: Arm = armWith(2, 8);
export const smallArm: Arm = armWith(2, 1);

function armWith(replicas: number, maxSize: number): Arm {
  const found = space.arms.find(
    ({ config }) =>
      config.replicas === replicas &&
      config.batch.maxSize === maxSize &&
      config.graphLevel === 'all' &&
      config.arena &&
      config.memPattern,
  );
  if (found === undefined) throw new Error('the space has no such arm');
  return found;
}

/** Measured by a sensor of the package; 100 W under load is 0.1 J at 1000 samples/s. */
export function measuredEnergy(
  changes: Partial<Exclude<Energy, { state: 'unavailable' }>> = {},
): Energy {
  return {
    state: 'measured',
    value: 0.1,
    netValue: 0.06,
    watts: 100,
    idleWatts: 40,
    source: 'rapl:package-0',
    scope: 'package',
    quality: 'counter',
    coverage: 1,
    notes: [],
    ...changes,
  };
}

export function hostNamed(name: string, changes: Partial<HostProfile> = {}): HostProfile {
  return { ...fakeRun(space).host, key: `key-${name}`, name, cpu: `CPU of ${name}`, ...changes };
}

export interface HostRun {
  readonly id: string;
  readonly host?: HostProfile;
  /** Throughput of the six trials that measured the winner again. */
  readonly qps?: number;
  readonly p99Ms?: number;
  readonly winner?: Arm;
  readonly energy?: Energy;
  readonly changes?: Partial<RunRecord>;
  readonly trials?: readonly TrialRecord[];
}

const P99 = { kind: 'latency', percentile: 'p99', limitMs: 50 } as const;

/** A finished run whose winner was measured again in six trials, and the default in as many. */
export function hostRun(given: HostRun): { run: RunRecord; trials: TrialRecord[] } {
  const { id, winner = fastArm, qps = 1000, energy } = given;
  const host = given.host ?? hostNamed(id);
  const verified = Array.from({ length: 6 }, (_, pair) =>
    (['default', 'candidate'] as const).map((role, index) =>
      trialOf(given, {
        arm: role === 'default' ? plainArm : winner,
        sequence: 1 + 2 * pair + index,
        // One percent to and fro, of which the geometric mean is the middle.
        qps: (role === 'default' ? qps / 2 : qps) * (pair % 2 === 0 ? 1.01 : 1 / 1.01),
        purpose: { kind: 'verify', pair, role, candidate: winner.key },
      }),
    ),
  ).flat();
  const searched = trialOf(given, { arm: plainArm, sequence: 0, qps: qps / 2 });
  const run = fakeRun(space, {
    id,
    host,
    state: 'finished',
    constraints: [P99],
    outcome: {
      kind: 'winner',
      shipped: armFigures(winner, qps, energy),
      baseline: armFigures(plainArm, qps / 2, energy),
      verification: {
        candidate: winner.key,
        pairs: [],
        ratio: { value: 2, low: 1.9, high: 2.1 },
        margin: 0.02,
        verdict: 'better',
      },
      reason: 'better',
    },
    ...given.changes,
  });
  return { run, trials: [searched, ...verified, ...(given.trials ?? [])] };
}

/** A trial of a host's run. */
export function trialOf(
  { id, host, p99Ms, energy }: HostRun,
  trial: {
    readonly arm: Arm;
    readonly sequence: number;
    readonly qps: number;
    readonly p99Ms?: number;
    readonly purpose?: TrialRecord['purpose'];
    readonly scenario?: TrialRecord['scenario'];
  },
): TrialRecord {
  const { arm, sequence, purpose } = trial;
  const figures = { qps: trial.qps, p99Ms: trial.p99Ms ?? p99Ms ?? 10 };
  const record = completedRecord(
    { arm, sequence, ...(purpose !== undefined && { purpose }) },
    figures,
  );
  if (record.state !== 'completed') throw new Error('a completed record is completed');
  return {
    ...record,
    id: `${id}/${sequence}`,
    runId: id,
    hostKey: (host ?? hostNamed(id)).key,
    scenario: trial.scenario ?? record.scenario,
    metrics: { ...record.metrics, ...(energy !== undefined && { energyJPerInference: energy }) },
  };
}

function armFigures(arm: Arm, qps: number, energy: Energy | undefined): MeasuredArm {
  return {
    armKey: arm.key,
    config: arm.config,
    metrics: {
      qps: { value: qps, low: qps * 0.99, high: qps * 1.01 },
      latencyMs: { p50: 5, p90: 8, p95: 9, p99: 10, certified: false },
      memoryBytes: 200e6,
      sessionBytes: 100e6,
      energyJPerInference: energy ?? { state: 'unavailable', reason: 'simulated' },
      quality: {},
      trials: 6,
    },
  };
}

/** The same as `claw compare` has it; without samples the trials' own percentiles stand. */
export function hostSource(given: HostRun): ComparedSource {
  const { run, trials } = hostRun(given);
  return runSource(run, trials, () => Promise.resolve(null));
}

/** Five runs of one host, whose throughputs are these. */
export function hostSessions(
  name: string,
  qps: readonly number[],
  given: Omit<HostRun, 'id' | 'qps'> = {},
): ComparedSource[] {
  return qps.map((value, index) =>
    hostSource({ host: hostNamed(name), ...given, id: `${name}-${index}`, qps: value }),
  );
}

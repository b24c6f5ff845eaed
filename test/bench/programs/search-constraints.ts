import { describeConstraint } from '../../../tuner/constraint.ts';
import type { ReplayTable } from '../../../tuner/replay/replay-table.ts';
import type { Constraint } from '../../../tuner/run-record.ts';
import { report } from '../aim.ts';
import { reportRegret, searchTable } from './search-runs.ts';

/** Runs under each bound. */
const RUNS = 100;
/** Bounds: what the figure of the best arm is multiplied with. */
const TIGHTNESS = [0.15, 0.5, 0.9] as const;
const MEMORY_TIGHTNESS = [0.5, 0.75, 0.95] as const;

/** Under bounds of several tightness: how far off, and how often what ships breaks one. */
export async function constrainedRuns(table: ReplayTable): Promise<void> {
  const best = [...table.arms.values()].reduce((a, b) =>
    (b.truth?.score ?? 0) > (a.truth?.score ?? 0) ? b : a,
  );
  const { latencyMs, memoryBytes } = best.truth?.figures ?? {
    latencyMs: { p99: 0 },
    memoryBytes: 0,
  };
  const constraints: Constraint[] = [
    ...TIGHTNESS.map((share): Constraint => ({
      kind: 'latency',
      percentile: 'p99',
      limitMs: share * latencyMs.p99,
    })),
    ...MEMORY_TIGHTNESS.map((share): Constraint => ({
      kind: 'memory',
      limitBytes: share * memoryBytes,
    })),
  ];
  let violations = 0;
  for (const constraint of constraints) {
    const options = { trials: 20, constraints: [constraint], seeds: RUNS };
    const result = await searchTable(table, options);
    violations += result.violations;
    const what = `${table.name}, ${describeConstraint(constraint)}, ${result.violations} violations`;
    reportRegret(what, result, { median: 2 });
  }
  report(`${table.name}: shipped in breach of a bound, of ${RUNS * constraints.length}`, {
    value: violations,
    unit: '',
    aim: 'none',
    met: violations === 0,
  });
}

import type { LatencyBound } from '../suites/scenarios/scenario.ts';
import { findSuite } from '../suites/registry.ts';
import { parseSlo } from './constraint.ts';
import type { RunRecord } from './run-record.ts';
import { latencyBounds } from './server-rate.ts';

/**
 * The bounds on latency for which rates of single requests are measured: those that were
 * asked for. A suite's own bound, which stands in when none is given, is none of them: it
 * keeps the search honest, and says nothing of what requests will come.
 */
export function servedBounds({
  workload,
  constraints,
}: {
  readonly workload: Pick<RunRecord['workload'], 'suite'>;
  readonly constraints: RunRecord['constraints'];
}): LatencyBound[] {
  const bounds = latencyBounds(constraints);
  const suite = workload.suite === null ? undefined : findSuite(workload.suite);
  if (suite === undefined) return bounds;
  const [own] = latencyBounds([parseSlo(suite.defaultSlo)]);
  const isOwn = bounds.every(
    (one) => one.percentile === own?.percentile && one.limitMs === own.limitMs,
  );
  return isOwn ? [] : bounds;
}

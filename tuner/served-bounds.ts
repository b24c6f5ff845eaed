import type { LatencyBound } from '../suites/scenarios/scenario.ts';
import type { RunRecord } from './run-record.ts';
import { latencyBounds } from './server-rate.ts';

/** The bounds on latency for which rates of single requests are measured: those that were asked for. */
export function servedBounds({
  latencyBoundFrom,
  constraints,
}: Pick<RunRecord, 'latencyBoundFrom' | 'constraints'>): LatencyBound[] {
  return latencyBoundFrom === 'user' ? latencyBounds(constraints) : [];
}

import { isDeepStrictEqual } from 'node:util';
import type { ScenarioName } from '../../suites/scenarios/scenario.ts';
import { meetsAll } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';
import { unlike, type Unlike } from './likeness.ts';
import type { SessionFigures } from './session-figures.ts';
import type { Session, SessionArm } from './session.ts';

/** How hosts are compared: at which bound, and under which load. */
export interface Footing {
  readonly constraints: readonly Constraint[];
  /** `mixed`: each source under its own. */
  readonly load: ScenarioName | 'mixed';
}

/**
 * The load that all sessions know: requests that come when they come where every session
 * found a rate for the very bound, else the closed loop, else what they share. Throws
 * UserError where they share none, unless that is allowed.
 */
export function commonLoad(
  sessions: readonly Session[],
  constraints: readonly Constraint[],
  allowed: ReadonlySet<Unlike>,
): Footing['load'] {
  const known = (load: ScenarioName): boolean =>
    sessions.every(({ arms }) =>
      arms.some((arm) => figuresUnder(arm, { load, constraints }) !== null),
    );
  const loads = ['server', 'closed-loop', 'offline', 'multi-stream', 'single-stream'] as const;
  // A session without any arm has no figures under any load.
  const common = loads.find(known) ?? loads.find((load) => isOnlyLoad(sessions, load));
  if (common !== undefined) return common;
  const driven = [...Map.groupBy(sessions, ({ source }) => source.scenario)].map(
    ([name, [first]]) => `${name} (${first?.source.id ?? ''})`,
  );
  if (allowed.has('scenario')) return 'mixed';
  throw unlike('scenario', `different scenarios: ${driven.join(' and ')}`);
}

function isOnlyLoad(sessions: readonly Session[], load: ScenarioName): boolean {
  return sessions.every(({ source }) => source.scenario === load);
}

/** An arm's figures on a footing; null where it was not measured so. */
export function figuresUnder(
  arm: SessionArm,
  { constraints, load }: Footing,
): SessionFigures | null {
  const own = load === 'mixed' ? Object.values(arm.loads)[0] : arm.loads[load];
  if (own === undefined) return null;
  return own.bound === null || isBound(own.bound, constraints) ? own : null;
}

/** Whether a rate that was found for one bound is the answer to these constraints. */
function isBound(bound: Constraint, constraints: readonly Constraint[]): boolean {
  const latencies = constraints.filter(({ kind }) => kind === 'latency');
  return latencies.length === 1 && isDeepStrictEqual(latencies[0], bound);
}

/** Whether figures meet the bound of a footing. */
export function meetsBound(figures: SessionFigures, { constraints }: Footing): boolean {
  return meetsAll(figures.judged, constraints);
}

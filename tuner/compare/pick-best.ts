import { mean, ratioInterval } from '../../engine/base/statistics.ts';
import { checkConstraint } from '../constraint.ts';
import type { Percentile } from '../run-record.ts';
import { figuresUnder, meetsBound, type Footing } from './common-load.ts';
import { sameBound } from './common-bound.ts';
import type { BestConfiguration, HostResult, QpsEstimate } from './comparison.ts';
import { commonEnergy, type SessionFigures } from './session-figures.ts';
import type { Session, SessionArm } from './session.ts';

/** Sessions without which two machines cannot be told apart (suites/comparison/welch.ts). */
export const LEAST_SESSIONS = 5;

/**
 * The configuration of a host that is best at the bound: the one that most of its runs
 * chose, so that a single lucky session does not decide; of equals the fastest. A run
 * chooses what it ships where the bound is its own, else its fastest arm that meets it,
 * where a single trial of the search must be well ahead of what was measured again.
 * Benches only add sessions; they choose where there is no run. Its figures come from every
 * session that measured it again; from the search only where none did.
 */
export function pickBest(sessions: readonly Session[], footing: Footing): HostResult['best'] {
  const runs = sessions.filter(({ source }) => source.record.kind === 'run');
  const voters = runs.length > 0 ? runs : sessions;
  const votes = voters.flatMap((session) => chosenBy(session, footing)?.armKey ?? []);
  const ranked = [...Map.groupBy(votes, (armKey) => armKey)]
    .map(([armKey, own]) => ({ votes: own.length, best: configuration(sessions, armKey, footing) }))
    .sort((a, b) => b.votes - a.votes || b.best.qps.value - a.best.qps.value);
  return ranked[0]?.best ?? { state: 'none', reason: whyNone(voters, footing) };
}

function chosenBy({ arms, own, source }: Session, footing: Footing): SessionArm | undefined {
  const feasible = arms.flatMap((arm) => {
    const figures = figuresUnder(arm, footing);
    return figures !== null && meetsBound(figures, footing) ? [{ arm, figures }] : [];
  });
  const isOwnBound =
    source.constraints === null || sameBound(source.constraints, footing.constraints);
  const shipped = feasible.find(({ arm }) => arm.armKey === own);
  if (isOwnBound && shipped !== undefined) return shipped.arm;
  const fastest = feasible.sort((a, b) => trusted(b) - trusted(a));
  return fastest[0]?.arm;
}

/**
 * The fastest of many single trials was lucky too: it goes before what was measured again
 * only where it is ahead by more than this.
 */
const LUCK = 1.1;

function trusted({
  arm,
  figures,
}: {
  readonly arm: SessionArm;
  readonly figures: SessionFigures;
}): number {
  return arm.evidence === 'search' ? figures.qps / LUCK : figures.qps;
}

interface Measured {
  readonly source: string;
  readonly arm: SessionArm;
  readonly figures: SessionFigures;
}

function configuration(
  sessions: readonly Session[],
  armKey: string,
  footing: Footing,
): BestConfiguration {
  const used = measuredIn(sessions, armKey, footing);
  const [first] = used;
  if (first === undefined) throw new Error(`no session measured ${armKey}`);
  const all = used.map(({ figures }) => figures);
  const accuracies = all.flatMap(({ accuracy }) => accuracy ?? []);
  return {
    state: 'found',
    armKey,
    config: first.arm.config,
    evidence: first.arm.evidence,
    sessions: used.map(({ source, figures }) => ({ source, qps: figures.qps })),
    qps: estimate(all),
    latencyMs: meanLatency(all),
    certified: all.every(({ certified }) => certified),
    memoryBytes: Math.max(...all.map(({ memoryBytes }) => memoryBytes)),
    energy: commonEnergy(all.map(({ energy }) => energy)),
    accuracy: accuracies.length === 0 ? null : mean(accuracies),
    trials: all.reduce((sum, { trials }) => sum + trials, 0),
  };
}

/** The sessions that an arm's figures come from. */
export function measuredIn(
  sessions: readonly Session[],
  armKey: string,
  footing: Footing,
): readonly Measured[] {
  const all = sessions.flatMap(({ source, arms }) => {
    const arm = arms.find((one) => one.armKey === armKey);
    const figures = arm === undefined ? null : figuresUnder(arm, footing);
    return arm === undefined || figures === null ? [] : [{ source: source.id, arm, figures }];
  });
  const again = all.filter(({ arm }) => arm.evidence === 'measured-again');
  return again.length > 0 ? again : all;
}

function estimate(all: readonly SessionFigures[]): QpsEstimate {
  const { value, low, high } = ratioInterval(
    all.map(({ qps }) => Math.log(qps)),
    0.95,
  );
  if (all.length >= LEAST_SESSIONS) return { value, interval: { over: 'sessions', low, high } };
  const within = all.length === 1 ? (all[0]?.within ?? null) : null;
  return { value, interval: within === null ? { over: 'none' } : { over: 'trials', ...within } };
}

function meanLatency(all: readonly SessionFigures[]): BestConfiguration['latencyMs'] {
  const of = (percentile: Percentile): number =>
    mean(all.map(({ latencyMs }) => latencyMs[percentile]));
  return { p50: of('p50'), p90: of('p90'), p95: of('p95'), p99: of('p99') };
}

/** What the nearest arm of any session misses. */
function whyNone(sessions: readonly Session[], footing: Footing): string {
  const misses = sessions.flatMap(({ arms }) =>
    arms.flatMap((arm) => {
      const figures = figuresUnder(arm, footing);
      if (figures === null) return [];
      const checks = footing.constraints.map((one) => checkConstraint(figures.judged, one));
      const broken = checks.filter(({ met }) => !met);
      const excess = broken.reduce((product, check) => product * Math.max(1, check.excess), 1);
      return [{ excess, text: broken.map(({ text }) => text).join(', ') }];
    }),
  );
  const [nearest] = misses.sort((a, b) => a.excess - b.excess);
  return nearest === undefined
    ? 'no trial of it counts'
    : `nothing meets the bound; the nearest miss: ${nearest.text}`;
}

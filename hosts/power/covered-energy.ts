import type { PowerSample, SensorTrace } from './power-trace.ts';

/** What the samples of one sensor say about a period. */
export interface CoveredEnergy {
  /** Energy of the covered time alone, J. */
  readonly joules: number;
  readonly coveredMs: number;
  /** Stretches without samples, those at the period's ends included. */
  readonly gaps: number;
  /** Steps left out because the counter began anew. */
  readonly resets: number;
}

interface Step {
  readonly from: PowerSample;
  readonly to: PowerSample;
  /** The part of the step that lies within the period. */
  readonly lowMs: number;
  readonly highMs: number;
}

/** This many intervals without a sample are a gap. */
const GAP_INTERVALS = 3;
/**
 * A counter knows what a longer pause of its reader cost, as long as no wrap can hide
 * in it (13 s, see energy-counter.ts). Replicas that spin delay the reader.
 */
const COUNTER_GAP_MS = 5000;

/** O(samples). */
export function coverPeriod(trace: SensorTrace, fromMs: number, toMs: number): CoveredEnergy {
  let joules = 0;
  let coveredMs = 0;
  let resets = 0;
  let gaps = endGaps(trace, fromMs, toMs);
  for (const step of stepsWithin(trace.samples, fromMs, toMs)) {
    const energy = stepEnergy(step);
    if (isReset(step)) resets += 1;
    else if (energy === null || isGap(step, trace)) gaps += 1;
    else {
      joules += energy;
      coveredMs += step.highMs - step.lowMs;
    }
  }
  return { joules, coveredMs, gaps, resets };
}

function* stepsWithin(
  samples: readonly PowerSample[],
  fromMs: number,
  toMs: number,
): Generator<Step> {
  let from: PowerSample | null = null;
  for (const to of samples) {
    if (from !== null) {
      const lowMs = Math.max(from.atMs, fromMs);
      const highMs = Math.min(to.atMs, toMs);
      if (highMs > lowMs) yield { from, to, lowMs, highMs };
    }
    from = to;
  }
}

/** Time before the first and after the last sample that is too long to be a late reading. */
function endGaps({ samples, intervalMs }: SensorTrace, fromMs: number, toMs: number): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return 1;
  if (first.atMs >= toMs || last.atMs <= fromMs) return 1;
  const limitMs = GAP_INTERVALS * intervalMs;
  return Number(first.atMs - fromMs > limitMs) + Number(toMs - last.atMs > limitMs);
}

function isReset({ from, to }: Step): boolean {
  if (from.state !== 'energy' || to.state !== 'energy') return false;
  return to.restarted === true || to.joules < from.joules;
}

function isGap({ from, to, lowMs, highMs }: Step, trace: SensorTrace): boolean {
  const limitMs = GAP_INTERVALS * trace.intervalMs;
  // A step that sticks out of the period is interpolated, and so must be short.
  const isInside = lowMs === from.atMs && highMs === to.atMs;
  const isCounter = from.state === 'energy';
  return (
    to.atMs - from.atMs > (isCounter && isInside ? Math.max(limitMs, COUNTER_GAP_MS) : limitMs)
  );
}

/** Energy in J between lowMs and highMs; null where the two samples measure different things. */
function stepEnergy({ from, to, lowMs, highMs }: Step): number | null {
  const lengthMs = to.atMs - from.atMs;
  if (from.state === 'energy' && to.state === 'energy') {
    return ((to.joules - from.joules) * (highMs - lowMs)) / lengthMs;
  }
  if (from.state !== 'power' || to.state !== 'power') return null;
  const slope = (to.watts - from.watts) / lengthMs;
  const wattsAt = (atMs: number): number => from.watts + slope * (atMs - from.atMs);
  return ((wattsAt(lowMs) + wattsAt(highMs)) / 2) * ((highMs - lowMs) / 1000);
}

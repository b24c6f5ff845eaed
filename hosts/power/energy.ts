import { coverPeriod } from './covered-energy.ts';
import type { PowerQuality, PowerScope } from './power-sensor.ts';
import type { PowerTrace, SensorTrace } from './power-trace.ts';

export type EnergyFigure = MeasuredEnergy | UnavailableEnergy;

export interface UnavailableEnergy {
  readonly state: 'unavailable';
  readonly reason: string;
  /** Null where no sensor is to blame: there is none. */
  readonly sensor: string | null;
  readonly kind: string | null;
  readonly scope: PowerScope | null;
}

export interface MeasuredEnergy {
  /** An estimate comes from no sensor: it may be shown, and decides nothing. */
  readonly state: 'measured' | 'estimated';
  /** The sensor's id; ids joined by `+` where several were added up. */
  readonly sensor: string;
  readonly kind: string;
  readonly scope: PowerScope;
  readonly quality: PowerQuality;
  /** Gross: all that was drawn during the period, J. */
  readonly joules: number;
  /** Mean power during the period, W. */
  readonly wattsMean: number;
  /** Mean power during the idle window, W; null without one. */
  readonly idleWatts: number | null;
  /** Gross less idle power times the period, J; below 0 where the machine was calmer than idle. */
  readonly netJoules: number | null;
  readonly joulesPerInference: number | null;
  readonly netJoulesPerInference: number | null;
  /** Share of the period that samples cover, 0.9 to 1. */
  readonly coverage: number;
  readonly gaps: number;
  readonly warnings: readonly EnergyWarning[];
}

/**
 * - `short-period`: shorter than what the sensor can be trusted over
 * - `gaps`: part of the period had no samples, and is taken to be as the rest
 * - `counter-reset`: the counter began anew; that step is one of the uncovered parts
 * - `sensor-lost`: it failed at the end and did not come back
 * - `idle-unavailable`: an idle window was given, but its power is not known
 */
export type EnergyWarning =
  'short-period' | 'gaps' | 'counter-reset' | 'sensor-lost' | 'idle-unavailable';

export interface EnergyOptions {
  /** When nothing ran; net figures need it. */
  readonly idle?: { readonly fromMs: number; readonly toMs: number } | null;
  /** Inferences that ended within the period. */
  readonly inferences?: number;
}

/** Below this share a figure would be mostly a guess. */
const LEAST_COVERAGE = 0.9;

/**
 * The energy that one sensor saw between two times of the recording's clock. What no
 * samples cover is taken to be like the rest, so joules = mean power x period.
 */
export function energyBetween(
  trace: SensorTrace,
  fromMs: number,
  toMs: number,
  options: EnergyOptions = {},
): EnergyFigure {
  const whole = meanPower(trace, fromMs, toMs);
  if (whole.state === 'unavailable') return whole;
  const { idle } = options;
  const rest = idle ? meanPower(trace, idle.fromMs, idle.toMs) : null;
  const idleWatts = rest?.state === 'mean' ? rest.watts : null;
  const joules = whole.watts * seconds(fromMs, toMs);
  const netJoules = idleWatts === null ? null : joules - idleWatts * seconds(fromMs, toMs);
  return {
    state: trace.quality === 'estimated' ? 'estimated' : 'measured',
    sensor: trace.id,
    kind: trace.kind,
    scope: trace.scope,
    quality: trace.quality,
    joules,
    wattsMean: whole.watts,
    idleWatts,
    netJoules,
    joulesPerInference: perInference(joules, options),
    netJoulesPerInference: netJoules === null ? null : perInference(netJoules, options),
    coverage: whole.coverage,
    gaps: whole.gaps,
    warnings: [...whole.warnings, ...idleWarnings(rest)],
  };
}

/** One figure for each sensor; they overlap and must not be added: see `pickEnergy`. */
export function energyFigures(
  trace: PowerTrace,
  fromMs: number,
  toMs: number,
  options: EnergyOptions = {},
): readonly EnergyFigure[] {
  return trace.sensors.map((sensor) => energyBetween(sensor, fromMs, toMs, options));
}

interface MeanPower {
  readonly state: 'mean';
  readonly watts: number;
  readonly coverage: number;
  readonly gaps: number;
  readonly warnings: readonly EnergyWarning[];
}

function meanPower(
  trace: SensorTrace,
  fromMs: number,
  toMs: number,
): MeanPower | UnavailableEnergy {
  if (!(toMs > fromMs)) return blame(trace, `the period from ${fromMs} to ${toMs} ms is empty`);
  const { joules, coveredMs, gaps, resets } = coverPeriod(trace, fromMs, toMs);
  const coverage = coveredMs / (toMs - fromMs);
  if (coverage < LEAST_COVERAGE) return blame(trace, coverageReason(trace, coverage));
  // Counters of virtual machines stand still: 0 J would be a lie.
  if (!(joules > 0)) return blame(trace, `${trace.id} did not move during the period`);
  const lost = (trace.lastFailure?.atMs ?? -Infinity) > (trace.samples.at(-1)?.atMs ?? -Infinity);
  const warnings: EnergyWarning[] = [];
  if (toMs - fromMs < trace.leastPeriodMs) warnings.push('short-period');
  if (gaps > 0) warnings.push('gaps');
  if (resets > 0) warnings.push('counter-reset');
  if (lost) warnings.push('sensor-lost');
  return { state: 'mean', watts: joules / (coveredMs / 1000), coverage, gaps, warnings };
}

function idleWarnings(rest: MeanPower | UnavailableEnergy | null): readonly EnergyWarning[] {
  return rest?.state === 'unavailable' ? ['idle-unavailable'] : [];
}

function seconds(fromMs: number, toMs: number): number {
  return (toMs - fromMs) / 1000;
}

function coverageReason({ id, lastFailure, samples }: SensorTrace, coverage: number): string {
  const why = lastFailure === null ? '' : `; it failed last with: ${lastFailure.reason}`;
  if (samples.length === 0) return `${id} gave no sample${why}`;
  const covered = `${Math.floor(coverage * 100)} %`;
  return `samples of ${id} cover ${covered} of the period, ${LEAST_COVERAGE * 100} % are needed${why}`;
}

function blame({ id, kind, scope }: SensorTrace, reason: string): UnavailableEnergy {
  return { state: 'unavailable', reason, sensor: id, kind, scope };
}

function perInference(joules: number, { inferences }: EnergyOptions): number | null {
  return inferences === undefined || !(inferences > 0) ? null : joules / inferences;
}

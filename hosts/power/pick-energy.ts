import type { EnergyFigure, EnergyWarning, MeasuredEnergy, UnavailableEnergy } from './energy.ts';
import type { PowerScope } from './power-sensor.ts';

/** The widest first: what is nearer to the bill. */
const WIDEST_FIRST: readonly PowerScope[] = Object.freeze([
  'wall',
  'battery',
  'board',
  'package',
  'gpu',
  'memory',
]);
/** Scopes whose sensors stand beside each other: two sockets, two cards, two supplies. */
const SUMMED: readonly PowerScope[] = Object.freeze(['wall', 'package', 'gpu', 'memory']);
/** Contain everything else that draws power. */
const WHOLE: readonly PowerScope[] = Object.freeze(['wall', 'battery', 'board']);
const DISTRUSTED: readonly EnergyWarning[] = Object.freeze(['short-period', 'sensor-lost']);
/** A whole that reads less than its part by more than two sensors' errors is wrong. */
const TOLERANCE = 0.05;

/**
 * One figure out of those of all sensors: the widest that can be trusted, else the
 * widest measured, else an estimate. Sensors of different scopes overlap and are never
 * added: psys contains the packages, a supply contains the board, an APU its CPU.
 */
export function pickEnergy(figures: readonly EnergyFigure[]): EnergyFigure {
  const sums = sumSiblings(figures);
  const known = sums.filter((figure) => figure.state !== 'unavailable').sort(byScope);
  const measured = known.filter(({ state }) => state === 'measured');
  const trusted = measured.filter((figure) => isTrusted(figure, measured));
  return trusted[0] ?? measured[0] ?? known[0] ?? explain(sums);
}

/**
 * Adds up what stands side by side: the packages of two sockets, several cards, the
 * plugs of two power supplies. Where one of them has no figure the sum has none: a part
 * would pass for the whole.
 */
export function sumSiblings(figures: readonly EnergyFigure[]): readonly EnergyFigure[] {
  const groups = new Map<string, EnergyFigure[]>();
  for (const figure of figures) {
    const key = siblingKey(figure);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [figure]);
    else group.push(figure);
  }
  return [...groups.values()].flatMap(sumGroup);
}

/** Meters of two makes may feed two supplies; two kinds of anything else may overlap. */
function siblingKey({ sensor, kind, scope }: EnergyFigure): string {
  if (scope === null || !SUMMED.includes(scope)) return `alone ${sensor}`;
  return scope === 'wall' ? scope : `${scope} ${kind}`;
}

function sumGroup(group: readonly EnergyFigure[]): readonly EnergyFigure[] {
  if (group.length === 1) return group;
  const missing = group.find((figure) => figure.state === 'unavailable');
  if (missing !== undefined) return [missing];
  const parts = group.filter((figure) => figure.state !== 'unavailable');
  return [parts.reduce(addFigures)];
}

function addFigures(one: MeasuredEnergy, other: MeasuredEnergy): MeasuredEnergy {
  return {
    ...one,
    sensor: `${one.sensor}+${other.sensor}`,
    kind: one.kind === other.kind ? one.kind : `${one.kind}+${other.kind}`,
    joules: one.joules + other.joules,
    wattsMean: one.wattsMean + other.wattsMean,
    idleWatts: addKnown(one.idleWatts, other.idleWatts),
    netJoules: addKnown(one.netJoules, other.netJoules),
    joulesPerInference: addKnown(one.joulesPerInference, other.joulesPerInference),
    netJoulesPerInference: addKnown(one.netJoulesPerInference, other.netJoulesPerInference),
    coverage: Math.min(one.coverage, other.coverage),
    gaps: one.gaps + other.gaps,
    warnings: [...new Set([...one.warnings, ...other.warnings])],
  };
}

function addKnown(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function isTrusted(figure: MeasuredEnergy, measured: readonly MeasuredEnergy[]): boolean {
  if (figure.warnings.some((warning) => DISTRUSTED.includes(warning))) return false;
  if (!WHOLE.includes(figure.scope)) return true;
  // Some laptops' psys is not calibrated, and a plug may feed something else.
  return measured
    .filter(({ scope }) => scope === 'package' || scope === 'gpu')
    .every((part) => part.joules <= figure.joules * (1 + TOLERANCE));
}

function byScope(one: MeasuredEnergy, other: MeasuredEnergy): number {
  const width = WIDEST_FIRST.indexOf(one.scope) - WIDEST_FIRST.indexOf(other.scope);
  return width !== 0 ? width : rank(one) - rank(other);
}

/** A counter misses nothing between two readings. */
function rank({ quality }: MeasuredEnergy): number {
  return quality === 'counter' ? 0 : 1;
}

function explain(figures: readonly EnergyFigure[]): UnavailableEnergy {
  const reasons = figures.flatMap((one) => (one.state === 'unavailable' ? [one.reason] : []));
  const reason = reasons.length === 0 ? 'no power sensor works here' : reasons.join('; ');
  return { state: 'unavailable', reason, sensor: null, kind: null, scope: null };
}

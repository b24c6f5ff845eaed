import type { TrialMetrics } from '../../suites/trial-record.ts';
import type { HostPrices } from './prices-file.ts';

export type Energy = TrialMetrics['energyJPerInference'];

/** What a host's cost depends on. Money is in the unit of the prices. */
export interface CostTerms {
  /** Samples/s at the bound. */
  readonly qps: number;
  /** Of the machine; 0 where it is not counted. */
  readonly capex: number;
  readonly lifeSeconds: number;
  readonly loadWatts: number;
  readonly idleWatts: number;
  /** 0 where electricity is not counted. */
  readonly perKwh: number;
  /** Share of the time under load, above 0 and at most 1. */
  readonly utilisation: number;
}

/** What is in a cost: only costs of one basis are compared. */
export type CostBasis =
  'machine and electricity' | 'machine alone' | 'electricity alone' | 'estimated electricity';

export type CostFigure =
  | {
      readonly state: 'known';
      readonly perMillion: number;
      /** From the interval of the throughput; null where it has none. */
      readonly interval: { readonly low: number; readonly high: number } | null;
      readonly basis: CostBasis;
      /** Why electricity is missing although it has a price; null where it is not missing. */
      readonly missing: string | null;
      readonly terms: CostTerms;
    }
  | { readonly state: 'unavailable'; readonly reason: string };

const SECONDS_A_YEAR = 365.25 * 24 * 3600;
const JOULES_A_KWH = 3.6e6;
const MILLION = 1e6;

/**
 * Money for a million inferences: 1e6 / (QPS u) x (capex / life in s + (u W_load +
 * (1 - u) W_idle) x price / 3.6e6), where u is the share of the time under load.
 */
export function costPerMillion(terms: CostTerms): number {
  return (MILLION / (terms.qps * terms.utilisation)) * (machineRate(terms) + powerRate(terms));
}

/** Money a second for the machine. */
export function machineRate({ capex, lifeSeconds }: CostTerms): number {
  return capex / lifeSeconds;
}

/** Money a second for electricity, idle time included. */
function powerRate(terms: CostTerms): number {
  return (meanWatts(terms) * terms.perKwh) / JOULES_A_KWH;
}

export function meanWatts({ utilisation, loadWatts, idleWatts }: CostTerms): number {
  return utilisation * loadWatts + (1 - utilisation) * idleWatts;
}

/**
 * The cost without what depends on utilisation, and with it: cost(u) = fixed / u + running.
 * Machine and idle power are paid whatever is served; the rest is paid by the inference.
 */
export function splitCost(terms: CostTerms): { readonly fixed: number; readonly running: number } {
  const idle = (terms.idleWatts * terms.perKwh) / JOULES_A_KWH;
  const beyond = ((terms.loadWatts - terms.idleWatts) * terms.perKwh) / JOULES_A_KWH;
  return {
    fixed: (MILLION * (machineRate(terms) + idle)) / terms.qps,
    running: (MILLION * beyond) / terms.qps,
  };
}

/** What serving a million costs on a host, from its figures and its prices. */
export function costOf(
  prices: HostPrices,
  figures: {
    readonly qps: number;
    readonly interval: { readonly low: number; readonly high: number } | null;
    readonly energy: Energy;
  },
): CostFigure {
  const power = powerFor(prices, figures.energy);
  if (power.state === 'unknown' && prices.capex === null) {
    return { state: 'unavailable', reason: power.reason };
  }
  const isPowered = power.state !== 'unknown' && power.state !== 'not-counted';
  const terms: CostTerms = {
    qps: figures.qps,
    capex: prices.capex ?? 0,
    lifeSeconds: prices.lifeYears * SECONDS_A_YEAR,
    loadWatts: isPowered ? power.loadWatts : 0,
    idleWatts: isPowered ? power.idleWatts : 0,
    perKwh: isPowered ? (prices.pricePerKwh ?? 0) : 0,
    utilisation: prices.utilisation,
  };
  const at = (qps: number): number => costPerMillion({ ...terms, qps });
  const { interval } = figures;
  return {
    state: 'known',
    perMillion: at(figures.qps),
    interval: interval === null ? null : { low: at(interval.high), high: at(interval.low) },
    basis: basisOf(power.state, prices.capex !== null),
    missing: power.state === 'unknown' ? power.reason : null,
    terms,
  };
}

type Power =
  | {
      readonly state: 'measured' | 'estimated';
      readonly loadWatts: number;
      readonly idleWatts: number;
    }
  | { readonly state: 'not-counted' }
  | { readonly state: 'unknown'; readonly reason: string };

function powerFor({ pricePerKwh, utilisation }: HostPrices, energy: Energy): Power {
  if (pricePerKwh === null) return { state: 'not-counted' };
  if (energy.state === 'unavailable') {
    return { state: 'unknown', reason: `power is not known: ${energy.reason}` };
  }
  // At full use the machine never idles, and its idle power does not matter.
  const idleWatts = utilisation === 1 ? 0 : energy.idleWatts;
  if (idleWatts === null) {
    return { state: 'unknown', reason: 'idle power was not measured, and it is not always in use' };
  }
  return { state: energy.state, loadWatts: energy.watts, idleWatts };
}

function basisOf(power: Power['state'], hasMachine: boolean): CostBasis {
  if (power === 'estimated') return 'estimated electricity';
  if (power === 'measured') return hasMachine ? 'machine and electricity' : 'electricity alone';
  return 'machine alone';
}

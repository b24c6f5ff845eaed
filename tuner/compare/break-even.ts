import { costPerMillion, machineRate, meanWatts, splitCost, type CostTerms } from './cost.ts';

/** A value at which two costs are equal, or why there is none. */
export type Threshold =
  | { readonly state: 'at'; readonly value: number }
  | { readonly state: 'none'; readonly reason: string };

/** What it would take for `challenger` to cost no more than `leader`, one thing changed at a time. */
export interface BreakEven {
  readonly leader: string;
  readonly challenger: string;
  /** Of the challenger alone, the leader's staying as it is. */
  readonly utilisation: Threshold;
  /** Of both alike; `cheaperBelow` is the one that is cheaper when less is served. */
  readonly commonUtilisation: Threshold & { readonly cheaperBelow?: string };
  /** Price of the challenger's machine. */
  readonly capex: Threshold;
  /** Of both alike; `cheaperAbove` is the one that is cheaper when electricity costs more. */
  readonly pricePerKwh: Threshold & { readonly cheaperAbove?: string };
}

interface Priced {
  readonly id: string;
  readonly terms: CostTerms;
}

const JOULES_A_KWH = 3.6e6;
const MILLION = 1e6;

/** Closed forms from `costPerMillion`; both hosts must have costs of the same basis. */
export function breakEven(leader: Priced, challenger: Priced): BreakEven {
  return {
    leader: leader.id,
    challenger: challenger.id,
    utilisation: ownUtilisation(leader.terms, challenger.terms),
    commonUtilisation: commonUtilisation(leader, challenger),
    capex: capexFor(leader.terms, challenger.terms),
    pricePerKwh: commonPrice(leader, challenger),
  };
}

/** fixed / u + running = C, so u = fixed / (C - running). */
function ownUtilisation(leader: CostTerms, challenger: CostTerms): Threshold {
  const { fixed, running } = splitCost(challenger);
  const utilisation = fixed / (costPerMillion(leader) - running);
  if (utilisation > 0 && utilisation <= 1) return { state: 'at', value: utilisation };
  return none('it would cost more even when it is always in use');
}

/** fixedA / u + runningA = fixedB / u + runningB, so u = (fixedA - fixedB) / (runningB - runningA). */
function commonUtilisation(a: Priced, b: Priced): BreakEven['commonUtilisation'] {
  const [ofA, ofB] = [splitCost(a.terms), splitCost(b.terms)];
  const utilisation = (ofA.fixed - ofB.fixed) / (ofB.running - ofA.running);
  if (!(utilisation > 0 && utilisation <= 1)) {
    return none('used alike, the order is the same at every utilisation');
  }
  const cheaperBelow = ofA.fixed < ofB.fixed ? a.id : b.id;
  return { state: 'at', value: utilisation, cheaperBelow };
}

/** 1e6 / (Q u) x (capex / life + power) = C, so capex = (C Q u / 1e6 - power) x life. */
function capexFor(leader: CostTerms, challenger: CostTerms): Threshold {
  if (challenger.capex === 0) return none('the machine is not counted');
  const power = (meanWatts(challenger) * challenger.perKwh) / JOULES_A_KWH;
  const perSecond =
    (costPerMillion(leader) * challenger.qps * challenger.utilisation) / MILLION - power;
  const capex = perSecond * challenger.lifeSeconds;
  return capex > 0
    ? { state: 'at', value: capex }
    : none('its electricity alone costs more than all of the other');
}

/**
 * With one price p of electricity both costs are linear in it: m + w p, m = machine / (Q u)
 * and w = watts / (Q u 3.6e6); they cross at p = (mA - mB) / (wB - wA).
 */
function commonPrice(a: Priced, b: Priced): BreakEven['pricePerKwh'] {
  if (a.terms.perKwh === 0 || b.terms.perKwh === 0) return none('electricity is not counted');
  const [ofA, ofB] = [linearInPrice(a.terms), linearInPrice(b.terms)];
  const price = (ofA.machine - ofB.machine) / (ofB.watts - ofA.watts);
  if (!(price > 0 && price < Infinity)) return none('the order is the same at every price');
  return { state: 'at', value: price, cheaperAbove: ofA.watts < ofB.watts ? a.id : b.id };
}

function linearInPrice(terms: CostTerms): { readonly machine: number; readonly watts: number } {
  const served = terms.qps * terms.utilisation;
  return { machine: machineRate(terms) / served, watts: meanWatts(terms) / served / JOULES_A_KWH };
}

function none(reason: string): { readonly state: 'none'; readonly reason: string } {
  return { state: 'none', reason };
}

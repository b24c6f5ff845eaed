import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { HostProfile } from '../../hosts/host-profile.ts';
import type { ScenarioName } from '../../suites/scenarios/scenario.ts';
import type { Verdict } from '../../suites/comparison/verdict.ts';
import type { Constraint } from '../run-record.ts';
import type { BreakEven } from './break-even.ts';
import type { CostFigure } from './cost.ts';
import type { HostPrices } from './prices-file.ts';
import type { LoadPoint } from './load-curve.ts';
import type { MeasuredFigures } from './measured-figures.ts';

export type { BreakEven, Threshold } from './break-even.ts';
export type { CostFigure, Energy } from './cost.ts';
export type { HostPrices } from './prices-file.ts';
export type { LoadPoint } from './load-curve.ts';

/** Hosts compared at one bound: what `claw compare --json` prints and its page shows. */
export interface HostComparison {
  readonly schema: 'openclaw.comparison/1';
  readonly model: { readonly name: string; readonly sha256: string };
  /** What was run, in words. */
  readonly workload: string;
  readonly runtime: string;
  /** How every host was driven; `mixed` where that was allowed to differ. */
  readonly load: ScenarioName | 'mixed';
  readonly constraints: readonly Constraint[];
  /** In the order in which they were given. */
  readonly hosts: readonly HostResult[];
  readonly rankings: readonly Ranking[];
  /** The fastest against each of the others. */
  readonly contrasts: readonly Contrast[];
  /** The cheapest against each other that is ranked by cost. */
  readonly breakEvens: readonly BreakEven[];
  /** What is not alike, and what else a reader must know before trusting an order. */
  readonly flags: readonly string[];
}

export interface HostResult {
  /** Short and unique in the comparison: the host's name, with its key where names repeat. */
  readonly id: string;
  readonly host: HostProfile;
  /** What was given of this host: the names of runs and benches. */
  readonly sources: readonly string[];
  readonly best: BestConfiguration | { readonly state: 'none'; readonly reason: string };
  readonly prices: HostPrices | null;
  readonly cost: CostFigure;
  /** Latency of the best configuration at rates that were tried, ascending. */
  readonly curve: readonly LoadPoint[];
  /** What a reader must know about this host's figures. */
  readonly notes: readonly string[];
}

/** A host's best configuration at the bound, over the sessions that measured it. */
export interface BestConfiguration extends MeasuredFigures {
  readonly state: 'found';
  readonly armKey: string;
  readonly config: EngineConfig;
  /** `measured-again`: in fresh processes after the search, or by `claw bench`. */
  readonly evidence: 'measured-again' | 'search';
  /** Mean throughput of each session, samples/s, in the order in which they were given. */
  readonly sessions: readonly { readonly source: string; readonly qps: number }[];
  readonly qps: QpsEstimate;
}

/**
 * Samples/s: the geometric mean of the sessions. `sessions`: a 95 % interval over at least
 * five of them. `trials`: one session's own interval, which knows nothing of how the unit
 * varies from day to day. `none`: there is not even that.
 */
export interface QpsEstimate {
  readonly value: number;
  readonly interval:
    | { readonly over: 'sessions' | 'trials'; readonly low: number; readonly high: number }
    | { readonly over: 'none' };
}

export type RankedFigure = 'qps' | 'inferencesPerJoule' | 'cost';

/** Hosts in order of one figure, the best first, and those that it cannot place. */
export interface Ranking {
  readonly by: RankedFigure;
  /** What the order holds for: of cost, what is counted; of energy, what the sensors see. */
  readonly basis: string;
  readonly order: readonly { readonly id: string; readonly value: number }[];
  readonly unranked: readonly { readonly id: string; readonly reason: string }[];
}

/** Two units: `id` over `over`, by Welch's interval where each has enough sessions. */
export type Contrast = { readonly id: string; readonly over: string } & (
  | {
      readonly state: 'judged';
      readonly ratio: { readonly value: number; readonly low: number; readonly high: number };
      /** Of this interval: 95 % for all contrasts together. */
      readonly confidence: number;
      readonly margin: number;
      readonly verdict: Verdict;
    }
  | { readonly state: 'too-few-sessions'; readonly ratio: number; readonly wanted: number }
);

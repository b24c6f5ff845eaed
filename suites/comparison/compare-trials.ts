import type { CompletedTrial, TrialRecord } from '../trial-record.ts';
import { isRepeatable, untilUndisturbed } from '../repeat-trial.ts';
import { blockLogRatio, planBlocks, type BlockOrder } from './blocks.ts';
import {
  LOOKS,
  nextStep,
  type BlockLogRatios,
  type NextStep,
  type PrimaryMetric,
} from './decide.ts';
import { COMPARED_METRIC_NAMES, type ComparedMetric } from './margins.ts';

export type Side = 'a' | 'b';

export interface ComparedTrial {
  readonly side: Side;
  readonly block: number;
  /** In the block, 0 to 3. */
  readonly position: number;
}

export interface CompareOptions {
  /** Measures one side in a fresh process, and keeps the record. Rejects only when aborted. */
  readonly measure: (trial: ComparedTrial) => Promise<TrialRecord>;
  readonly primary: readonly PrimaryMetric[];
  readonly seed: number;
  readonly onBlock: (done: number, next: NextStep) => void;
  /** Blocks whatever the looks say; null: until the looks decide. */
  readonly fixedBlocks?: number;
}

export interface ComparedBlock {
  readonly order: BlockOrder;
  readonly logRatios: BlockLogRatios;
}

export interface Comparison {
  readonly blocks: readonly ComparedBlock[];
  /** Blocks left out because one of their trials gave no valid figures. */
  readonly lost: number;
  /** What kept a block from being complete, the last one; null when none was lost. */
  readonly reason: TrialRecord | null;
}

/** Lost blocks after which a comparison is given up. */
const MAX_LOST = 4;

/**
 * Measures A and B in blocks ABBA or BAAB, in an order drawn by the seed, until
 * a look decides. A block in which a trial stays without valid figures is left
 * out as a whole: half of it would not be balanced.
 */
export async function compareTrials(options: CompareOptions): Promise<Comparison> {
  const most = options.fixedBlocks ?? LOOKS[LOOKS.length - 1] ?? 0;
  const orders = planBlocks(most + MAX_LOST, options.seed);
  const blocks: ComparedBlock[] = [];
  let reason: TrialRecord | null = null;
  let lost = 0;
  for (const [index, order] of orders.entries()) {
    if (blocks.length === most || lost === MAX_LOST) break;
    const trials = await measureBlock(order, index, options);
    if (trials.kind === 'lost') {
      lost += 1;
      reason = trials.reason;
      if (!isRepeatable(trials.reason)) break;
      continue;
    }
    blocks.push({ order, logRatios: logRatiosOf(order, trials.completed) });
    const next = nextStep(
      blocks.map((block) => block.logRatios),
      options.primary,
    );
    options.onBlock(blocks.length, next);
    if (options.fixedBlocks === undefined && next.kind === 'decided') break;
  }
  return { blocks, lost, reason };
}

type MeasuredBlock =
  | { readonly kind: 'complete'; readonly completed: readonly CompletedTrial[] }
  | { readonly kind: 'lost'; readonly reason: TrialRecord };

async function measureBlock(
  order: BlockOrder,
  block: number,
  options: CompareOptions,
): Promise<MeasuredBlock> {
  const completed: CompletedTrial[] = [];
  for (const [position, letter] of order.split('').entries()) {
    const side = letter === 'A' ? 'a' : 'b';
    const trial = await untilUndisturbed(() => options.measure({ side, block, position }));
    if (trial.state !== 'completed') return { kind: 'lost', reason: trial };
    completed.push(trial);
  }
  return { kind: 'complete', completed };
}

function logRatiosOf(order: BlockOrder, trials: readonly CompletedTrial[]): BlockLogRatios {
  const ratios: Partial<Record<ComparedMetric, number>> = {};
  for (const metric of COMPARED_METRIC_NAMES) {
    const values = trials.map((trial) => comparedFigure(trial, metric));
    const known = values.filter((value) => value !== null);
    if (isFour(known)) ratios[metric] = blockLogRatio(order, known);
  }
  return ratios;
}

function isFour(values: readonly number[]): values is readonly [number, number, number, number] {
  return values.length === 4;
}

/** A trial's figure, in the metric's own unit; null where it was not measured, or only estimated. */
export function comparedFigure({ metrics }: CompletedTrial, metric: ComparedMetric): number | null {
  switch (metric) {
    case 'throughput':
      return metrics.qps;
    case 'p50':
      return metrics.latencyMs.p50;
    case 'p99':
      return metrics.latencyMs.p99;
    case 'memory':
      return metrics.memoryBytes;
    case 'energy': {
      const energy = metrics.energyJPerInference;
      return energy.state === 'measured' ? energy.value : null;
    }
  }
}

import type { Effect } from '../gp/effects.ts';
import type { Beliefs } from '../gp/fit.ts';
import type { KnobValue } from '../searcher.ts';

/**
 * What is known of engines on CPUs before anything is measured, wide enough that a few
 * measurements overrule it. Set by hand with three recorded tables of one 2-core host
 * and the synthetic hosts of the tests in view, none of them held out: figures on these
 * are no evidence for others.
 */

const log2 = (value: KnobValue | undefined): number => Math.log2(Number(value));
const flag = (value: KnobValue | undefined): number => Number(value === true);
const is =
  (wanted: KnobValue) =>
  (value: KnobValue | undefined): number =>
    Number(value === wanted);

const LEVELS: Readonly<Record<string, number>> = {
  disabled: 0,
  basic: 1,
  extended: 2,
  layout: 3,
  all: 3,
};

/** Trends of log throughput. */
const THROUGHPUT: readonly Effect[] = Object.freeze([
  // Replicas share nothing and scale almost with the cores; threads wait for each other.
  { knob: 'replicas', of: log2, mean: 0.5, sd: 0.25 },
  { knob: 'intraOpThreads', of: log2, mean: 0.3, sd: 0.35 },
  { knob: 'spinning', of: flag, mean: 0.1, sd: 0.4 },
  // A batch saves the fixed cost of a request: most of it with the first few samples.
  { knob: 'batch.maxSize', of: (value) => 1 - 1 / Number(value), mean: 0.25, sd: 0.3 },
  { knob: 'batch.maxSize', of: log2, mean: 0, sd: 0.05 },
  { knob: 'graphLevel', of: (value) => LEVELS[String(value)] ?? 0, mean: 0.2, sd: 0.25 },
  { knob: 'arena', of: flag, mean: 0.02, sd: 0.05 },
  { knob: 'memPattern', of: flag, mean: 0.01, sd: 0.03 },
  { knob: 'precision', of: is('int8-static'), mean: 0.2, sd: 0.6 },
  { knob: 'precision', of: is('int8-dynamic'), mean: 0, sd: 0.8 },
  { knob: 'precision', of: is('int4-weights'), mean: -0.2, sd: 0.6 },
  { knob: 'precision', of: is('fp16'), mean: -0.4, sd: 0.5 },
]);

const SCORE: Beliefs = {
  effects: THROUGHPUT,
  mainSd: {
    file: { median: 0.3, spread: 0.7 },
    graphLevel: { median: 0.2, spread: 0.7 },
    cores: { median: 0.2, spread: 0.7 },
    batch: { median: 0.1, spread: 0.8 },
    arena: { median: 0.02, spread: 0.7 },
    memPattern: { median: 0.02, spread: 0.7 },
    other: { median: 0.05, spread: 1 },
  },
  length: { median: 2, spread: 0.5 },
  interaction: { median: 0.15, spread: 0.8 },
  // Which kernels the graph's optimizations find depends on the precision.
  coupled: ['file', 'graphLevel'],
  coupledSd: { median: 0.3, spread: 0.7 },
  productSd: { median: 0.03, spread: 0.7 },
  noiseSd: { median: 0.035, spread: 0.4 },
  driftSd: { median: 0.01, spread: 0.8 },
  driftRows: 5,
};

/**
 * Latency less what is queued, log(latency / (replicas x batch)): by Little's law (1961)
 * a closed loop of `replicas` clients has mean latency replicas x batch / throughput, so
 * that the rest moves against the throughput.
 */
const LATENCY: Beliefs = {
  ...SCORE,
  effects: THROUGHPUT.map((effect) => ({ ...effect, mean: -effect.mean })),
  noiseSd: { median: 0.06, spread: 0.5 },
  productSd: { median: 0.05, spread: 0.7 },
};

const MEMORY: Beliefs = {
  ...SCORE,
  effects: [
    { knob: 'replicas', of: log2, mean: 0.5, sd: 0.3 },
    { knob: 'batch.maxSize', of: log2, mean: 0.1, sd: 0.1 },
    { knob: 'arena', of: flag, mean: 0, sd: 0.1 },
  ],
  coupledSd: { median: 0.1, spread: 0.7 },
  noiseSd: { median: 0.02, spread: 0.4 },
  productSd: { median: 0.03, spread: 0.7 },
  driftSd: { median: 0.001, spread: 0.5 },
};

/** A quality measure depends on the file that runs, hardly on anything else. */
const QUALITY: Beliefs = {
  ...MEMORY,
  effects: [],
  mainSd: { file: { median: 0.05, spread: 1 }, other: { median: 0.001, spread: 0.5 } },
  coupledSd: { median: 0.001, spread: 0.5 },
  productSd: { median: 0.001, spread: 0.5 },
  noiseSd: { median: 0.002, spread: 0.7 },
};

export const BELIEFS = Object.freeze({
  score: SCORE,
  latency: LATENCY,
  memory: MEMORY,
  accuracy: QUALITY,
  // Nothing is known of it but that alike arms draw alike: as with memory.
  power: MEMORY,
});

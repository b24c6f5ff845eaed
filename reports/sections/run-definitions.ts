import { html } from '../html.ts';
import type { Fact } from '../tables/facts.ts';

/** What the figures of a run mean. */
export const RUN_DEFINITIONS: readonly Fact[] = Object.freeze([
  {
    term: 'Arm',
    value:
      'One configuration of the engine. Configurations that mean the same are one arm. The default arm is what a user gets who sets nothing.',
  },
  {
    term: 'Served',
    value:
      'The highest rate of single requests, in requests a second, that was confirmed to keep the bound on latency: they come at random times (Poisson arrivals), whether earlier ones are answered or not, and the batcher merges those that wait. Latency runs from the time at which a request was due. A rate counts when its trial certifies the percentile, and a second trial with fresh arrivals does too.',
  },
  {
    term: 'Throughput, QPS',
    value:
      'Samples a second, all clients together: samples completed over the time that it took, while each replica has one client that sends a batch, waits for the answer and sends the next.',
  },
  {
    term: 'Latency',
    value:
      'From sending a request to its answer. A request carries one batch, so with batch 8 it is the time of 8 samples together. Under this closed loop nothing queues in front of the engine.',
  },
  {
    term: 'p50, p90, p99',
    value: 'The latency that so many in a hundred requests stay within.',
  },
  {
    term: 'Uncertified',
    value:
      'A percentile as it was read off the measured requests: another measurement may give a higher one. A trial certifies one when it measured enough requests (at least 459 for p99) to name a latency that the percentile does not exceed with 99 % confidence.',
  },
  {
    term: 'Invalid',
    value:
      'A trial that was measured, but is not believed: its outputs were wrong, or the machine disturbed it. Its figures are kept in the records and not used: no median, chart or verdict counts them.',
  },
  {
    term: 'Memory',
    value: html`Peak memory of all engine processes, the runtime included: their proportional share
      (PSS), in which a page that several processes share counts once in all; resident memory where
      the system has no PSS. A memory bound applies to this figure. <small>memoryBytes</small>`,
  },
  {
    term: 'Session memory',
    value: html`That peak less what the runtime takes before any model is loaded: what the model
      costs. <small>sessionBytes</small>`,
  },
  {
    term: 'Energy',
    value:
      'Joules a sample while the load ran, idle power included. Power that is estimated is marked so, and decides nothing.',
  },
  {
    term: 'Accuracy',
    value: 'Share of the labelled samples whose largest output is at the label.',
  },
  {
    term: 'Intervals',
    value: '95 %: repeated in the same way, 19 of 20 such intervals hold the true figure.',
  },
]);

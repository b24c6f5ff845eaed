import type { Fact } from '../tables/facts.ts';

/** What the figures of a comparison mean. */
export const COMPARISON_DEFINITIONS: readonly Fact[] = Object.freeze([
  {
    term: 'This unit',
    value:
      'The machine that was measured. Two of one kind differ by some percent, and a comparison of one of each says nothing of that.',
  },
  {
    term: 'Session',
    value:
      'One sitting: a run, or a bench. Machines cannot take turns within one, so that a difference is judged by Welch’s t on the logarithms of sessions’ means, at least five of each.',
  },
  {
    term: 'Best configuration',
    value:
      'The one that most runs of a host chose under the bound, of equals the fastest. Its figures come from fresh measurements, from the search only where it says so.',
  },
  {
    term: 'Cost per million',
    value:
      '1e6 / (QPS × use) × (price / life in s + (use × W under load + (1 − use) × W idle) × price of a kWh / 3.6e6).',
  },
  {
    term: 'Inferences per joule',
    value:
      'Idle power included. Only what sensors measured is ranked, and only where they see the same part of the machine; an estimate never is.',
  },
]);

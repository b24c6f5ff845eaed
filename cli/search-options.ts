import { UsageError } from '../engine/base/errors.ts';
import { findSearcher, SEARCHERS } from '../tuner/search/registry.ts';

/** What `claw tune` and `claw replay` say alike of how to search. */

/** Throws UsageError for a name that no searcher has. */
export function parseSearcher(name: string): string {
  if (findSearcher(name) !== undefined) return name;
  throw new UsageError(`--searcher '${name}' is not known`, {
    remedy: `searchers: ${SEARCHERS.map((one) => one.name).join(', ')}`,
  });
}

/** Throws UsageError where a search is bounded by trials and by time at once. */
export function checkOneBudget(given: {
  readonly trials: boolean;
  readonly budget: boolean;
}): void {
  if (!given.trials || !given.budget) return;
  throw new UsageError('--trials and --budget exclude each other', { remedy: 'give one of them' });
}

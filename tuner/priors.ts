import { mean } from '../engine/base/statistics.ts';
import { toArm } from './arm.ts';
import { scoreOf } from './objective.ts';
import { toObservation } from './observation.ts';
import type { RunRecord } from './run-record.ts';
import type { Prior, SearchArm } from './search/searcher.ts';
import type { Store } from './store/store.ts';

/** More would say little more, and each costs a read of all its trials. */
const MOST_PRIORS = 6;

/**
 * What earlier finished runs of the same model found, on this host and on others,
 * the newest first: the mean score of each arm, by what this run seeks. A run that
 * was stored later does not count, so that a resumed run has the same priors.
 */
export async function findPriors(store: Store, run: RunRecord): Promise<Prior[]> {
  const earlier = (await store.listRuns()).filter(
    (one) =>
      one.id !== run.id &&
      one.state === 'finished' &&
      one.createdAt < run.createdAt &&
      one.workload.model.sha256 === run.workload.model.sha256,
  );
  const priors: Prior[] = [];
  for (const one of earlier.slice(0, MOST_PRIORS)) {
    const scores = await scoresOf(store, one, run);
    if (scores.length > 0) priors.push({ hostKey: one.host.key, scores });
  }
  return priors;
}

async function scoresOf(
  store: Store,
  earlier: RunRecord,
  run: RunRecord,
): Promise<{ readonly arm: SearchArm; readonly score: number }[]> {
  const trials = await store.listTrials(earlier.id);
  const searched = trials.filter(({ purpose }) => purpose.kind === 'search');
  return [...Map.groupBy(searched, ({ armKey }) => armKey).values()].flatMap((own) => {
    const [first] = own;
    const logs = own
      .map((trial) => toObservation(trial, (figures) => scoreOf(figures, run)))
      .flatMap((seen) => (seen.state === 'completed' ? [Math.log(seen.score)] : []));
    if (first === undefined || logs.length === 0) return [];
    const { key, values } = toArm(first.config);
    return [{ arm: { key, values }, score: Math.exp(mean(logs)) }];
  });
}

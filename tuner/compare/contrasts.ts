import { COMPARED_METRICS } from '../../suites/comparison/margins.ts';
import { judgeRatio } from '../../suites/comparison/verdict.ts';
import { independentRatio } from '../../suites/comparison/welch.ts';
import type { Contrast, HostResult, Ranking } from './comparison.ts';
import { LEAST_SESSIONS } from './pick-best.ts';
import { foundHosts } from './rankings.ts';

const FAMILY_ERROR = 0.05;

/**
 * The fastest unit against each other one, by Welch's interval on the logarithms of their
 * sessions' means. The error of 5 % is shared between the contrasts (Bonferroni), so that
 * it is that of the whole table.
 */
export function contrastHosts(
  hosts: readonly HostResult[],
  byThroughput: Ranking | undefined,
): Contrast[] {
  const found = new Map(foundHosts(hosts).map((host) => [host.id, host.best]));
  const [leader, ...others] = (byThroughput?.order ?? []).map(({ id }) => id);
  const fastest = leader === undefined ? undefined : found.get(leader);
  if (leader === undefined || fastest === undefined) return [];
  const confidence = 1 - FAMILY_ERROR / Math.max(1, others.length);
  const means = (id: string): number[] => (found.get(id)?.sessions ?? []).map(({ qps }) => qps);
  return others.map((id): Contrast => {
    const [b, a] = [means(leader), means(id)];
    const between = { id: leader, over: id };
    if (Math.min(a.length, b.length) < LEAST_SESSIONS) {
      const ratio = fastest.qps.value / (found.get(id)?.qps.value ?? Number.NaN);
      return { ...between, state: 'too-few-sessions', ratio, wanted: LEAST_SESSIONS };
    }
    const { margin } = COMPARED_METRICS.throughput;
    const ratio = independentRatio({ a, b }, confidence);
    const verdict = judgeRatio(ratio, margin, { higherIsBetter: true });
    return { ...between, state: 'judged', ratio, confidence, margin, verdict };
  });
}

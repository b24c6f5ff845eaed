import type { Constraint } from '../run-record.ts';
import { breakEven, type BreakEven } from './break-even.ts';
import { commonBound } from './common-bound.ts';
import { commonLoad, type Footing } from './common-load.ts';
import type { ComparedSource } from './compared-source.ts';
import type { HostComparison, HostResult, Ranking } from './comparison.ts';
import { artifactFlags, loadFlags } from './comparison-flags.ts';
import { contrastHosts } from './contrasts.ts';
import { groupByHost, type HostGroup } from './host-group.ts';
import { hostResult } from './host-result.ts';
import { checkLikeness, type Unlike } from './likeness.ts';
import { matchPrices, type PricesFile } from './prices-file.ts';
import { rankHosts } from './rankings.ts';
import { openSession } from './session.ts';

export interface CompareOptions {
  /** What was typed; empty: the bound that the runs share. */
  readonly constraints: readonly Constraint[];
  /** Differences that are known and may be. */
  readonly allowed: ReadonlySet<Unlike>;
  readonly prices: { readonly file: PricesFile; readonly path: string } | null;
}

/**
 * Compares the hosts of some runs and benches, each at its best configuration under one
 * bound. Throws UserError where they are not alike, where no bound is common, and for fewer
 * than two hosts.
 */
export async function compareHosts(
  sources: readonly [ComparedSource, ...ComparedSource[]],
  options: CompareOptions,
): Promise<HostComparison> {
  const groups = groupByHost(sources);
  const flags = checkLikeness(sources, options.allowed);
  const constraints = commonBound(sources, options.constraints);
  const sessions = await Promise.all(sources.map(openSession));
  const footing: Footing = {
    constraints,
    load: commonLoad(sessions, constraints, options.allowed),
  };
  const matched = matchedPrices(groups, options.prices);
  const hosts = groups.map((group, index) =>
    hostResult(group, {
      sessions: sessions.filter(({ source }) => group.sources.includes(source)),
      footing,
      prices: matched.prices[index] ?? null,
    }),
  );
  const rankings = rankHosts(hosts, { acrossSensors: options.allowed.has('sensors') });
  return {
    schema: 'openclaw.comparison/1',
    ...circumstances(sources[0]),
    ...footing,
    hosts,
    rankings,
    contrasts: contrastHosts(hosts, rankings[0]),
    breakEvens: breakEvens(hosts, rankings),
    flags: [
      ...flags,
      ...loadFlags(sessions, footing),
      ...artifactFlags(groups, hosts),
      ...unusedPrices(matched.unused, options),
    ],
  };
}

function matchedPrices(
  groups: readonly HostGroup[],
  given: CompareOptions['prices'],
): ReturnType<typeof matchPrices> {
  if (given === null) return { prices: [], unused: [] };
  return matchPrices(
    given.file,
    groups.map(({ host }) => host),
    given.path,
  );
}

/** The cheapest against each other one of the same basis. */
function breakEvens(hosts: readonly HostResult[], rankings: readonly Ranking[]): BreakEven[] {
  const order = rankings.find(({ by }) => by === 'cost')?.order ?? [];
  const priced = order.flatMap(({ id }) => {
    const cost = hosts.find((host) => host.id === id)?.cost;
    return cost?.state === 'known' ? [{ id, terms: cost.terms }] : [];
  });
  const [leader, ...challengers] = priced;
  if (leader === undefined) return [];
  return challengers.map((challenger) => breakEven(leader, challenger));
}

function circumstances({
  workload,
  versions,
}: ComparedSource): Pick<HostComparison, 'model' | 'workload' | 'runtime'> {
  const { name, sha256 } = workload.model;
  return {
    model: { name, sha256 },
    workload: `${workload.target}: ${workload.data.description}`,
    runtime: `onnxruntime ${versions.onnxruntime}`,
  };
}

function unusedPrices(unused: readonly string[], { prices }: CompareOptions): string[] {
  return unused.map((name) => `${prices?.path ?? ''}: '${name}' is none of the hosts`);
}

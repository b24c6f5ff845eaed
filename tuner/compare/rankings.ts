import { costPerMillion } from './cost.ts';
import type { CostBasis } from './cost.ts';
import type { BestConfiguration, HostResult, Ranking } from './comparison.ts';

/** Hosts in order of throughput, of inferences a joule and, with prices, of cost. */
export function rankHosts(
  hosts: readonly HostResult[],
  options: { readonly acrossSensors: boolean },
): Ranking[] {
  const byEnergy = rankEnergy(hosts, options.acrossSensors);
  const rankings = [rankThroughput(hosts)];
  if (byEnergy.order.length > 0) rankings.push(byEnergy);
  if (hosts.some(({ prices }) => prices !== null)) rankings.push(rankCost(hosts));
  return rankings;
}

function rankThroughput(hosts: readonly HostResult[]): Ranking {
  return ranking('qps', 'samples/s', hosts, ({ best }) =>
    best.state === 'found' ? { value: best.qps.value, goodness: best.qps.value } : best.reason,
  );
}

/** Only what sensors measured, and only those that see as much of the machine. */
function rankEnergy(hosts: readonly HostResult[], acrossSensors: boolean): Ranking {
  const measured = hosts.flatMap(({ best }) => measuredScope(best) ?? []);
  const scope = acrossSensors ? null : mostFrequent(measured);
  const basis = scope === null ? 'whatever the sensors see' : `what a sensor of the ${scope} sees`;
  return ranking('inferencesPerJoule', basis, hosts, ({ best }) => {
    if (best.state === 'none') return best.reason;
    const { energy } = best;
    if (energy.state === 'unavailable') return `energy was not measured: ${energy.reason}`;
    if (energy.state === 'estimated') return 'energy is an estimate, and is not ranked';
    if (scope !== null && energy.scope !== scope) {
      return `its sensor sees the ${energy.scope}, not the ${scope}`;
    }
    return { value: 1 / energy.value, goodness: 1 / energy.value };
  });
}

function measuredScope(best: HostResult['best']): string | null {
  return best.state === 'found' && best.energy.state === 'measured' ? best.energy.scope : null;
}

/** Only costs in which the same is counted; an estimate of power is in none that is ranked. */
function rankCost(hosts: readonly HostResult[]): Ranking {
  const bases = hosts.flatMap(({ cost }) =>
    cost.state === 'known' && cost.basis !== 'estimated electricity' ? [cost.basis] : [],
  );
  // Where as many are known with all of their cost, that is the better order.
  const complete = bases.filter((basis) => basis === 'machine and electricity');
  const basis = complete.length > 1 ? 'machine and electricity' : mostFrequent(bases);
  return ranking('cost', basis ?? 'nothing', hosts, ({ best, cost, prices }) => {
    if (best.state === 'none') return best.reason;
    if (prices === null) return 'it has no prices';
    if (cost.state === 'unavailable') return cost.reason;
    if (cost.basis !== basis) return otherBasis(cost.basis, cost.missing);
    const value = costPerMillion(cost.terms);
    return { value, goodness: 1 / value };
  });
}

function otherBasis(basis: CostBasis, missing: string | null): string {
  if (missing !== null) return missing;
  return basis === 'estimated electricity'
    ? 'its power is an estimate, and is not ranked'
    : `its cost counts the ${basis}`;
}

/** A figure with how good it is, or why there is none. */
type Placed = { readonly value: number; readonly goodness: number } | string;

function ranking(
  by: Ranking['by'],
  basis: string,
  hosts: readonly HostResult[],
  place: (host: HostResult) => Placed,
): Ranking {
  const placed = hosts.map((host) => ({ id: host.id, figure: place(host) }));
  const order = placed.flatMap(({ id, figure }) =>
    typeof figure === 'string' ? [] : [{ id, ...figure }],
  );
  return {
    by,
    basis,
    order: order.sort((a, b) => b.goodness - a.goodness).map(({ id, value }) => ({ id, value })),
    unranked: placed.flatMap(({ id, figure }) =>
      typeof figure === 'string' ? [{ id, reason: figure }] : [],
    ),
  };
}

/** Of equally frequent ones the first. */
function mostFrequent<T>(values: readonly T[]): T | null {
  const counts = [...Map.groupBy(values, (value) => value)];
  const [first] = counts.sort(([, a], [, b]) => b.length - a.length);
  return first?.[0] ?? null;
}

/** The hosts that something was found for. */
export function foundHosts(
  hosts: readonly HostResult[],
): readonly (HostResult & { readonly best: BestConfiguration })[] {
  return hosts.flatMap((host) =>
    host.best.state === 'found' ? [{ ...host, best: host.best }] : [],
  );
}

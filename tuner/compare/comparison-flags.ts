import { artifactOf } from '../../suites/workload-record.ts';
import { figuresUnder, type Footing } from './common-load.ts';
import type { HostResult } from './comparison.ts';
import type { HostGroup } from './host-group.ts';
import { foundHosts } from './rankings.ts';
import type { Session } from './session.ts';

/** Rates that were found are left aside where not every session has one. */
export function loadFlags(sessions: readonly Session[], footing: Footing): string[] {
  if (footing.load === 'mixed') return ['hosts were driven by different scenarios'];
  if (footing.load === 'server') return [];
  const server: Footing = { ...footing, load: 'server' };
  const some = sessions.some(({ arms }) => arms.some((arm) => figuresUnder(arm, server) !== null));
  if (!some) return [];
  return [
    `not every session knows the highest rate at this bound: all are compared by ${footing.load}`,
  ];
}

/** The same precision and passes should be the same file everywhere. */
export function artifactFlags(
  groups: readonly HostGroup[],
  hosts: readonly HostResult[],
): string[] {
  const files = foundHosts(hosts).flatMap(({ id, best }) => {
    const source = groups.find((group) => group.id === id)?.sources[0];
    const known = source?.workload.artifacts.some(
      (one) => one.precision === best.config.precision && one.passes === best.config.passes,
    );
    if (source === undefined || known !== true) return [];
    const { precision, passes } = best.config;
    const { sha256 } = artifactOf(source.workload, best.config);
    return [{ id, what: `${precision}, passes ${passes}`, sha256 }];
  });
  return [...Map.groupBy(files, ({ what }) => what)].flatMap(([what, own]) =>
    new Set(own.map(({ sha256 }) => sha256)).size < 2
      ? []
      : [`the model as ${what} is another file on ${own.map(({ id }) => id).join(' and ')}`],
  );
}

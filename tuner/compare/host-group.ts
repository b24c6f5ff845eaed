import { UserError } from '../../engine/base/errors.ts';
import { formatCount } from '../../engine/base/units.ts';
import type { HostProfile } from '../../hosts/host-profile.ts';
import type { ComparedSource } from './compared-source.ts';

/** What was given of one machine. */
export interface HostGroup {
  readonly id: string;
  readonly host: HostProfile;
  readonly sources: readonly ComparedSource[];
}

/**
 * Sources by machine; of which other cores may be used, it is another one to a buyer. Throws
 * UserError for fewer than two.
 */
export function groupByHost(sources: readonly ComparedSource[]): HostGroup[] {
  const groups = [...Map.groupBy(sources, ({ host }) => `${host.key} ${host.usableCores}`)];
  if (groups.length < 2) {
    const name = sources[0]?.host.name ?? '';
    throw new UserError(`every run is of one host, ${name}`, {
      remedy: 'name runs of two or more; two configurations of one: claw bench --against',
    });
  }
  const profiles = groups.map(([, [first]]) => (first as ComparedSource).host);
  return groups.map(([, own], index) => {
    const host = profiles[index] as HostProfile;
    const alike = profiles.filter(({ name }) => name === host.name);
    const keys = new Set(alike.map(({ key }) => key));
    const parts = [
      host.name,
      ...(keys.size > 1 ? [host.key.slice(0, 8)] : []),
      ...(alike.length > keys.size ? [formatCount(host.usableCores, 'core')] : []),
    ];
    return { id: parts.join(' '), host, sources: own };
  });
}

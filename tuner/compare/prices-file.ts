import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { readYamlFile } from '../../engine/base/yaml.ts';
import type { HostProfile } from '../../hosts/host-profile.ts';

/** What a machine costs. Fields that are left out come from `defaults`. */
const priceFields = {
  /** ISO 4217, such as EUR. */
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, such as EUR'),
  /** Of the machine; without it, it is not counted. */
  capex: z.number().positive(),
  lifeYears: z.number().positive(),
  /** Of electricity; without it, it is not counted. */
  pricePerKwh: z.number().positive(),
  /** Share of the time under load, above 0 and at most 1; the rest it idles. */
  utilisation: z.number().positive().max(1),
};
const entrySchema = z.strictObject(priceFields).partial();

const pricesFileSchema = z.strictObject({
  defaults: entrySchema.optional(),
  /** By the host's name or key. */
  hosts: z.record(z.string(), entrySchema.nullable()),
});
export type PricesFile = Readonly<z.infer<typeof pricesFileSchema>>;

/** The prices of one host with the defaults filled in; null: it is not counted. */
export interface HostPrices {
  readonly currency: string;
  readonly capex: number | null;
  readonly lifeYears: number;
  readonly pricePerKwh: number | null;
  readonly utilisation: number;
}

const DEFAULT_LIFE_YEARS = 3;
const DEFAULT_UTILISATION = 1;

/** Reads a file of prices; the error names the line and the field. */
export function readPrices(path: string): Promise<PricesFile> {
  return readYamlFile(path, pricesFileSchema, 'a file of prices');
}

export interface MatchedPrices {
  /** By the index of the host; null for one without an entry. */
  readonly prices: readonly (HostPrices | null)[];
  /** Entries that no host has the name or the key of. */
  readonly unused: readonly string[];
}

/**
 * The prices of each host. Throws UserError where an entry names two hosts or a host has
 * two entries, where currencies differ, and where an entry prices nothing.
 */
export function matchPrices(
  file: PricesFile,
  hosts: readonly Pick<HostProfile, 'key' | 'name'>[],
  path: string,
): MatchedPrices {
  const names = Object.keys(file.hosts);
  for (const name of names) checkUnique(name, hosts, path);
  const prices = hosts.map((host) => {
    const own = names.filter((name) => isNamed(host, name));
    if (own.length > 1) {
      throw new UserError(`${path}: ${own.join(' and ')} are the same host`, {
        remedy: 'leave one of them out',
      });
    }
    const [name] = own;
    return name === undefined ? null : filledIn(file, name, path);
  });
  checkCurrencies(prices, path);
  return { prices, unused: names.filter((name) => !hosts.some((host) => isNamed(host, name))) };
}

type Named = Pick<HostProfile, 'key' | 'name'>;

function isNamed(host: Named, name: string): boolean {
  return host.key === name || host.name === name;
}

function checkUnique(name: string, hosts: readonly Named[], path: string): void {
  const keys = new Set(hosts.filter((host) => isNamed(host, name)).map(({ key }) => key));
  if (keys.size < 2) return;
  throw new UserError(`${path}: '${name}' is the name of ${keys.size} hosts`, {
    remedy: `name them by their keys: ${[...keys].join(', ')}`,
  });
}

function filledIn(file: PricesFile, name: string, path: string): HostPrices {
  const entry = { ...file.defaults, ...file.hosts[name] };
  const { currency, capex = null, pricePerKwh = null } = entry;
  if (currency === undefined) {
    throw new UserError(`${path}: '${name}' has no currency`, {
      remedy: 'add one to it or to defaults, such as currency: EUR',
    });
  }
  if (capex === null && pricePerKwh === null) {
    throw new UserError(`${path}: '${name}' prices nothing`, {
      remedy: 'give it a capex (of the machine), a pricePerKwh (of electricity), or both',
    });
  }
  const { lifeYears = DEFAULT_LIFE_YEARS, utilisation = DEFAULT_UTILISATION } = entry;
  return { currency, capex, lifeYears, pricePerKwh, utilisation };
}

function checkCurrencies(prices: readonly (HostPrices | null)[], path: string): void {
  const all = new Set(prices.flatMap((one) => one?.currency ?? []));
  if (all.size < 2) return;
  throw new UserError(`${path}: prices in ${[...all].join(' and ')} cannot be compared`, {
    remedy: 'convert them to one currency',
  });
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { matchPrices, readPrices } from '../../../tuner/compare/prices-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function written(...lines: readonly string[]): string {
  const path = join(temporaryFolder(), 'hosts.yaml');
  writeFileSync(path, lines.join('\n'));
  return path;
}

const HOSTS = [
  { key: 'k1', name: 'edge' },
  { key: 'k2', name: 'server' },
];

describe('a file of prices', () => {
  test('prices hosts by name or key; what is left out comes from the defaults', async () => {
    const path = written(
      'defaults: { currency: EUR, pricePerKwh: 0.30, utilisation: 0.6 }',
      'hosts:',
      '  edge: { capex: 900 }',
      '  k2: { capex: 6500, lifeYears: 5, pricePerKwh: 0.2 }',
    );
    expect(matchPrices(await readPrices(path), HOSTS, path)).toEqual({
      prices: [
        { currency: 'EUR', capex: 900, lifeYears: 3, pricePerKwh: 0.3, utilisation: 0.6 },
        { currency: 'EUR', capex: 6500, lifeYears: 5, pricePerKwh: 0.2, utilisation: 0.6 },
      ],
      unused: [],
    });
  });

  test.each([
    [
      ['hosts:', '  edge:', '    capex: much'],
      /hosts\.yaml:3: .*expected number.* at hosts\.edge\.capex/,
    ],
    [
      ['hosts:', '  edge:', '    capex: 1', '    price: 3'],
      /hosts\.yaml:3: .*price.* at hosts\.edge/,
    ],
    [
      ['hosts:', '  edge: { capex: 1, utilisation: 1.5 }'],
      /hosts\.yaml:2: .* at hosts\.edge\.util/,
    ],
    [['hosts:', '  edge: { capex: 1, currency: euro }'], /hosts\.yaml:2: .*three capital letters/],
    [['defaults: { currency: EUR }'], /hosts\.yaml:1: .* at hosts/],
    [['hosts: ['], /hosts\.yaml:\d: this is not YAML/],
  ])('%j is refused with line and field', async (lines, says) => {
    await expect(readPrices(written(...lines))).rejects.toThrow(says);
  });

  const match = (hosts: Parameters<typeof matchPrices>[0]['hosts'], machines = HOSTS): unknown =>
    matchPrices({ hosts }, machines, 'hosts.yaml');
  const EUR = { currency: 'EUR', capex: 1 };

  test('that names a host twice, or two hosts at once, is refused', () => {
    expect(() => match({ edge: EUR, k1: EUR })).toThrow(/edge and k1 are the same host/);
    const twins = [
      { key: 'k1', name: 'edge' },
      { key: 'k2', name: 'edge' },
    ];
    expect(() => match({ edge: EUR }, twins)).toThrow(/'edge' is the name of 2 hosts/);
  });

  test('that has no currency, several, or prices nothing is refused', () => {
    expect(() => match({ edge: { capex: 1 } })).toThrow(/'edge' has no currency/);
    expect(() => match({ edge: EUR, server: { ...EUR, currency: 'USD' } })).toThrow(
      /EUR and USD cannot be compared/,
    );
    expect(() => match({ edge: { currency: 'EUR', lifeYears: 2 } })).toThrow(/prices nothing/);
    expect(() => match({ edge: null })).toThrow(/'edge' has no currency/);
  });

  test('may name hosts that are not compared', () => {
    expect(match({ edge: EUR, other: EUR })).toMatchObject({ unused: ['other'] });
  });
});

import { describe, expect, test } from 'vitest';
import { comparisonCsv } from '../../../reports/compare/comparison-csv.ts';
import { comparisonMarkdown } from '../../../reports/compare/comparison-markdown.ts';
import { hostBarsChart } from '../../../reports/compare/host-bars.ts';
import { priceFront, priceThroughputChart } from '../../../reports/compare/price-throughput.ts';
import { threeHosts } from './comparison-fixture.ts';

describe('the CSV', () => {
  test('has a line a host with plain numbers under their names', async () => {
    const csv = comparisonCsv(await threeHosts());
    const [head = '', edge = '', , lab = ''] = csv.split('\r\n');
    const columns = head.split(',');
    const cell = (line: string, name: string): string =>
      line.split(',')[columns.indexOf(name)] ?? '';
    expect(csv.trimEnd().split('\r\n').length).toBe(4);
    expect(cell(edge, 'host')).toBe('edge-1');
    expect(Number(cell(edge, 'qps'))).toBeCloseTo(1840.69, 1);
    expect(cell(edge, 'sessions')).toBe('5');
    expect(cell(edge, 'energyState')).toBe('measured');
    expect(cell(lab, 'energyState')).toBe('estimated');
    expect(cell(lab, 'intervalOver')).toBe('trials');
    expect(cell(lab, 'batch.maxSize')).toBe('1');
  });

  test('quotes what would end a field, and runs no formula', async () => {
    const comparison = await threeHosts('=1+1,"x"\n');
    expect(comparisonCsv(comparison)).toContain(`\r\n"'=1+1,""x""\n",`);
  });

  test('leaves empty what is not known', async () => {
    const comparison = await threeHosts();
    const [first] = comparison.hosts;
    if (first === undefined) throw new Error('it has hosts');
    const none = { ...first, best: { state: 'none', reason: 'nothing' } as const };
    const [, line = ''] = comparisonCsv({ ...comparison, hosts: [none] }).split('\r\n');
    expect(line).toMatch(/^edge-1,key-edge-1,Intel\(R\) N100,2,none,,,,/);
  });
});

describe('the Markdown', () => {
  test('has the hosts as columns, the first of each order bold', async () => {
    const markdown = comparisonMarkdown(await threeHosts());
    expect(markdown).toContain('|  | edge-1 | server-2 | lab-3 |\n| --- | --- | --- | --- |');
    expect(markdown).toContain('| Inferences per joule | **154** | 47.6 |');
    expect(markdown).toContain('| Price of server-2 | 2,126 EUR or less (now 6,500 EUR) |');
  });

  test('escapes names that would end a cell or begin markup', async () => {
    const markdown = comparisonMarkdown(await threeHosts('a|b\n<img>'));
    expect(markdown).toContain('|  | a\\|b \\<img\\> | server-2 |');
  });
});

describe('charts', () => {
  const host = { interval: null, text: '' };

  test('of price join the hosts that no other beats in both', () => {
    const hosts = [
      { ...host, host: 'dear', price: 30, qps: 100 },
      { ...host, host: 'good', price: 20, qps: 200 },
      { ...host, host: 'cheap', price: 10, qps: 50 },
    ];
    expect(priceFront(hosts).map((one) => one.host)).toEqual(['cheap', 'good']);
    expect(priceThroughputChart(hosts.slice(0, 1), 'EUR')).toBeUndefined();
  });

  test('of bars begin at zero and leave out what is no figure', () => {
    const bar = { ...host, withinSession: false, isBest: false, isRanked: true };
    expect(hostBarsChart([{ ...bar, host: 'a', value: Number.NaN }], 'x')).toBeUndefined();
    const chart = hostBarsChart([{ ...bar, host: 'a', value: 100 }], 'x');
    expect(chart).toMatchObject({ encoding: { x: { scale: { domain: [0, 105] } } } });
  });
});

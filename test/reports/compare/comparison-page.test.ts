import { describe, expect, test } from 'vitest';
import { renderComparison } from '../../../reports/compare/comparison-page.ts';
import type { HostComparison } from '../../../tuner/compare/comparison.ts';
import {
  IS_WITHOUT_CHROMIUM,
  pageBrowser,
  type ShownPage,
  TITLE_TAKER,
} from '../chromium-pages.ts';
import { textOf } from '../page-text.ts';
import { threeHosts } from './comparison-fixture.ts';

/** Each text of the charts of bars, and whether it lies within its chart. */
const LABELS_OF_BARS = `[...document.querySelectorAll('#figures .chart')].flatMap((chart) => {
  const { left, right } = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('text')].map((text) => {
    const box = text.getBoundingClientRect();
    const whole = box.left >= left && box.right <= right;
    return text.textContent + (whole ? ': whole' : ': cut');
  });
}).join('\\n')`;

describe('the page of a comparison', () => {
  test('of the same records is the same text', async () => {
    const [one, two] = [
      await renderComparison(await threeHosts()),
      await renderComparison(await threeHosts()),
    ];
    expect(one === two).toBe(true);
  });

  test('says who serves most, how sure that is, and that it speaks of this unit', async () => {
    const text = textOf(await renderComparison(await threeHosts()));
    expect(text).toContain('server-2 serves 5,232');
    expect(text).toContain(
      'This unit of server-2 serves 2.84 [2.80, 2.88] times what this unit of edge-1',
    );
    expect(text).toContain('(Welch, 97.5 %): more, beyond the margin of 2 %');
    expect(text).toContain('cannot be said below 5 sessions of each');
  });

  test('marks the first of each order, and names the sensor beside each figure', async () => {
    const page = await renderComparison(await threeHosts());
    const firsts = [...page.matchAll(/<td class="after">([^<]*)</g)].map(([, text]) => text);
    expect(firsts).toEqual(['5,232 [5,179, 5,285]', '154', '0.0111 EUR [0.011, 0.0112]']);
    const text = textOf(page);
    expect(text).toContain('rapl:package-0 (package, counter)');
    expect(text).toContain('estimated, not ranked: 250');
    expect(text).toContain('tdp (package, estimated)');
  });

  test('shows what differs between the configurations, and what is the same', async () => {
    const page = await renderComparison(await threeHosts());
    const rows = [...page.matchAll(/<tr class="differs">[^]*?<\/tr>/g)].map(([row]) => textOf(row));
    expect(rows.map((row) => row.trim())).toEqual(['Batch size (differs) 8 8 1']);
    expect(page).toContain('<td style="font-weight: 650">1</td>');
    expect(textOf(page)).toContain('The same on all: replicas 2, threads per replica 1');
  });

  test('says at which price the dearer one would do', async () => {
    const text = textOf(await renderComparison(await threeHosts()));
    expect(text).toContain('Price of server-2 2,126 EUR or less (now 6,500 EUR)');
    expect(text).toContain('it would cost more even when it is always in use');
  });

  test('without prices, sensors and rates leaves those parts out', async () => {
    const comparison = await threeHosts();
    const bare = {
      ...comparison,
      rankings: comparison.rankings.slice(0, 1),
      breakEvens: [],
      hosts: comparison.hosts.map((host) => ({ ...host, prices: null, curve: [] })),
    };
    const page = await renderComparison(bare);
    for (const id of ['price', 'load', 'break-even']) expect(page).not.toContain(`id="${id}"`);
    expect(page).toContain('id="bars-qps"');
    expect(page).not.toContain('id="bars-cost"');
    expect(textOf(page)).not.toContain('Cost per million </th>');
  });

  test('lists what is not alike where an order would be read', async () => {
    const comparison = { ...(await threeHosts()), flags: ['different runtimes: 1 (a) and 2 (b)'] };
    expect(textOf(await renderComparison(comparison))).toContain(
      'Before you trust an order different runtimes: 1 (a) and 2 (b)',
    );
  });
});

describe.skipIf(IS_WITHOUT_CHROMIUM)('a comparison in Chromium', () => {
  const { store, show } = pageBrowser();
  const shown = async (comparison: HostComparison, width = 1200): Promise<ShownPage> =>
    show(await store('compare.html', await renderComparison(comparison)), {
      viewport: { width, height: 900 },
    });

  test('asks for nothing, complains of nothing, and every chart comes to life', async () => {
    const { page, requests, complaints, close } = await shown(await threeHosts());
    expect(await page.locator('.chart').count()).toBe(5);
    expect(await page.locator('.chart[data-live] svg.marks').count()).toBe(5);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
    await close();
  });

  test.each([1200, 400])('is not wider than a window of %i px', async (width) => {
    const { page, close } = await shown(await threeHosts(), width);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await close();
  });

  test.each([1200, 400])('cuts no figure of a bar off at %i px', async (width) => {
    const { page, close } = await shown(await threeHosts(), width);
    const texts = await page.evaluate(LABELS_OF_BARS);
    expect(texts).toContain('0.0381 EUR, estimated electricity: whole');
    expect(texts).not.toMatch(/: cut/);
    await close();
  });

  test('shows a name from outside as text', async () => {
    const { page, requests, complaints, close } = await shown(await threeHosts(TITLE_TAKER));
    expect(await page.title()).toBe('fake.onnx: 3 hosts compared');
    expect(await page.locator('#hosts').innerText()).toContain("document.title='taken'");
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
    await close();
  });
});

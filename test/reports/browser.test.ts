import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderRunReport } from '../../reports/run-report.ts';
import { IS_WITHOUT_CHROMIUM, pageBrowser, TITLE_TAKER } from './chromium-pages.ts';
import { completedTrial, endedTrial, runRecord, trialsOfRun, workload } from './fixtures.ts';

const CHARTS = 10;
/** The colour that the name of the default arm is drawn in. */
const FILL_OF_DEFAULT = `getComputedStyle([...document.querySelectorAll('#throughput-latency text')]
  .find((text) => text.textContent === 'default')).fill`;

describe.skipIf(IS_WITHOUT_CHROMIUM)('a report in Chromium', () => {
  const { store, show } = pageBrowser();
  let url: string;
  beforeAll(async () => {
    const page = await renderRunReport({ run: runRecord(), trials: trialsOfRun() });
    url = await store('report.html', page);
  });

  test('it opens from a file, asks for nothing else and has no complaint', async () => {
    const { requests, complaints, close } = await show(url);
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
    await close();
  });

  test('every chart comes to life', async () => {
    const { page, close } = await show(url);
    expect(await page.locator('.chart').count()).toBe(CHARTS);
    expect(await page.locator('.chart[data-live] svg.marks').count()).toBe(CHARTS);
    await close();
  });

  test('a point shows what it stands for when the pointer is on it', async () => {
    const { page, close } = await show(url);
    const tooltip = page.locator('#tooltip');
    expect(await tooltip.isVisible()).toBe(false);
    await page.locator('#throughput-latency .mark-symbol path').last().hover();
    await tooltip.waitFor({ state: 'visible' });
    expect(await tooltip.innerText()).toMatch(/arm\s*2 replicas × 1 thread, batch 8[^]*samples\/s/);
    await page.mouse.move(2, 2);
    await tooltip.waitFor({ state: 'hidden' });
    await close();
  });

  test('a click on a heading sorts, another one turns the order, trials without a figure stay last', async () => {
    const { page, close } = await show(url);
    const rates = (): Promise<string[]> => columnOf(page, 'Samples/s');
    const button = page.locator('#trials th button', { hasText: 'Samples/s' });
    await button.click();
    const descending = await rates();
    const numbers = descending
      .filter((text) => text !== '–')
      .map((text) => Number(text.replace(',', '')));
    expect(numbers).toEqual(numbers.toSorted((left, right) => right - left));
    expect(descending.slice(-3)).toEqual(['–', '–', '–']);
    await button.click();
    expect((await rates())[0]).toBe(String(numbers.at(-1)?.toLocaleString('en-US')));
    expect((await rates()).slice(-3)).toEqual(['–', '–', '–']);
    expect(await page.locator('#trials th[aria-sort]').count()).toBe(1);
    await close();
  });

  test('without scripts the drawn charts and the whole table show', async () => {
    const { page, close } = await show(url, { javaScriptEnabled: false });
    const drawn = page.locator('.chart > svg.marks');
    expect(await drawn.count()).toBe(CHARTS);
    for (const svg of await drawn.all()) {
      const box = await svg.boundingBox();
      expect(box?.width).toBeGreaterThan(200);
      expect(box?.height).toBeGreaterThan(100);
    }
    expect(await page.locator('#trials tbody tr').count()).toBe(48);
    await close();
  });

  test('charts follow the colour scheme', async () => {
    const inks: unknown[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await show(url, { colorScheme });
      inks.push(await page.evaluate(FILL_OF_DEFAULT));
      await close();
    }
    expect(inks).toEqual(['rgb(27, 33, 38)', 'rgb(230, 234, 237)']);
  });

  test.each([1200, 420, 360])('at %i px nothing is wider than the window', async (width) => {
    const { page, close } = await show(url, { viewport: { width, height: 900 } });
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    expect(wide).toBe(width);
    await close();
  });

  test('charts take a new width with the window', async () => {
    const { page, close } = await show(url);
    const svg = page.locator('#throughput-latency svg.marks');
    const before = await svg.getAttribute('width');
    await page.setViewportSize({ width: 700, height: 900 });
    await expect.poll(() => svg.getAttribute('width')).not.toBe(before);
    await close();
  });

  test('text from outside does not run', async () => {
    const trials = [
      completedTrial(),
      endedTrial({ state: 'failed', message: TITLE_TAKER }, { sequence: 1 }),
    ];
    const model = { name: TITLE_TAKER, path: TITLE_TAKER, sha256: TITLE_TAKER, sizeBytes: 1 };
    const run = runRecord({ outcome: null, workload: workload({ model, target: TITLE_TAKER }) });
    const address = await store('hostile.html', await renderRunReport({ run, trials }));
    const { page, requests, complaints, close } = await show(address);
    expect(await page.title()).toContain(TITLE_TAKER);
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
    await close();
  });
});

/** The texts of one column of the table of trials, from top to bottom. */
async function columnOf(page: Page, title: string): Promise<string[]> {
  const titles = await page.locator('#trials thead th').allInnerTexts();
  const place = titles.findIndex((text) => text.startsWith(title)) + 1;
  return page.locator(`#trials tbody td:nth-child(${place})`).allInnerTexts();
}

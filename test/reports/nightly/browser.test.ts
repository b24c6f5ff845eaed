import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderTrendPage } from '../../../reports/nightly/trend-page.ts';
import { IS_WITHOUT_CHROMIUM, pageBrowser, type ShownPage } from '../chromium-pages.ts';
import { regressedJob, steadyJob, trendPageInput } from './trend-jobs.ts';

describe.skipIf(IS_WITHOUT_CHROMIUM)('the nightly page in Chromium', () => {
  const { store, show } = pageBrowser();
  let url: string;
  beforeAll(async () => {
    await store('nights/20260101-020000.html', '<title>that night</title>');
    const jobs = [regressedJob(), steadyJob('encoder')];
    url = await store('index.html', await renderTrendPage(trendPageInput(jobs)));
  });

  const shown = (options?: BrowserContextOptions): Promise<ShownPage> => show(url, options);

  test('it asks for nothing else, has no complaint, and every chart comes to life', async () => {
    const { page, requests, complaints, close } = await shown();
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
    expect(await page.locator('.chart[data-live=true]').count()).toBe(2);
    await close();
  });

  test('what broke is said in the first lines, before any scrolling', async () => {
    const { page, close } = await shown({ viewport: { width: 1200, height: 300 } });
    const box = await page.locator('h1').boundingBox();
    expect(await page.locator('h1').innerText()).toMatch(/detector, 6 % down since 2026-01-31/);
    expect((box?.y ?? 999) + (box?.height ?? 999)).toBeLessThan(300);
    await close();
  });

  test.each([true, false])('a point leads to its night (scripts: %s)', async (scripts) => {
    const { page, close } = await shown({ javaScriptEnabled: scripts });
    await clickFirstPoint(page, scripts);
    await page.waitForURL(/nights\/20260101-020000\.html$/);
    expect(await page.title()).toBe('that night');
    await close();
  });

  test.each(['light', 'dark'] as const)(
    'its ink is that of the scheme: %s',
    async (colorScheme) => {
      const { page, close } = await shown({ colorScheme });
      const ink =
        await page.evaluate(`getComputedStyle([...document.querySelectorAll('.chart text')]
      .find((text) => text.textContent === 'release')).fill`);
      expect(ink).toBe(colorScheme === 'light' ? 'rgb(27, 33, 38)' : 'rgb(230, 234, 237)');
      await close();
    },
  );

  test.each([1200, 360])('at %i px nothing is wider than the window', async (width) => {
    const { page, close } = await shown({ viewport: { width, height: 900 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await close();
  });
});

/** The first point of the first chart: drawn it is a link, live an item that acts like one. */
async function clickFirstPoint(page: Page, live: boolean): Promise<void> {
  const chart = page.locator('#job-1-trend svg');
  const point = live ? chart.locator('.mark-symbol path') : chart.locator('a');
  await point.first().click();
}

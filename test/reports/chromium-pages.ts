import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { findChromium, isBrowserRequired, launchChromium } from './chromium.ts';

/** Would name the page anew, by a script or by an image that cannot load, if it ever ran. */
export const TITLE_TAKER = `</script><script>document.title='taken'</script><img src=x onerror="document.title='taken'">`;

/** A page as it is shown, with the addresses that it asked for and what it complained about. */
export interface ShownPage {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** A browser with a folder of its own, both there for the tests of one `describe`. */
export interface PageBrowser {
  /** Writes a file of the folder and returns its `file:` address. */
  readonly store: (name: string, content: string) => Promise<string>;
  /** Shows an address, 1200 x 900 unless told; waits until every chart is live where scripts run. */
  readonly show: (address: string, options?: BrowserContextOptions) => Promise<ShownPage>;
}

/** Whether tests in Chromium are left out: the machine has none and need not have one. */
export const IS_WITHOUT_CHROMIUM = findChromium() === undefined && !isBrowserRequired();

/** A browser for the tests of the `describe` that calls it: started before them, closed after. */
export function pageBrowser(): PageBrowser {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await launchChromium(findChromium());
    folder = await mkdtemp(join(tmpdir(), 'claw-pages-'));
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return {
    store: async (name, content) => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return pathToFileURL(path).href;
    },
    show: (address, options = {}) => showPage(browser, address, options),
  };
}

async function showPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
): Promise<ShownPage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  if (options.javaScriptEnabled !== false) {
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
  }
  return { page, requests, complaints, close: () => context.close() };
}

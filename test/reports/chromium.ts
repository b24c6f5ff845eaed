import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that is installed, if any; `CHROMIUM_PATH` names another one. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  return CANDIDATES.find((path) => existsSync(path));
}

/** Whether a missing browser is a failure: on the machine that has to run these tests. */
export function isBrowserRequired(): boolean {
  return process.env['CLAW_REQUIRE_BROWSER'] === '1';
}

/** Starts the browser so that it neither fetches anything for itself nor needs a display. */
export function launchChromium(executablePath: string | undefined): Promise<Browser> {
  if (executablePath === undefined) {
    throw new Error(
      'CLAW_REQUIRE_BROWSER is 1 and no Chromium was found: install chromium or set CHROMIUM_PATH',
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

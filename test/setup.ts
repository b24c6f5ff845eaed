import { afterAll, afterEach } from 'vitest';

/**
 * A warning of the process (a leaked listener, a deprecated call, an unclosed
 * file handle) fails the test during which it was raised.
 */
const warnings: Error[] = [];

process.on('warning', (warning) => warnings.push(warning));
afterEach(failOnWarning);
afterAll(failOnWarning);

async function failOnWarning(): Promise<void> {
  // Warnings are emitted on the next tick: let the last ones arrive.
  await new Promise((resolve) => setImmediate(resolve));
  const [warning] = warnings.splice(0);
  if (warning !== undefined) {
    throw new Error(`the process warned: ${warning.name}: ${warning.message}`, { cause: warning });
  }
}

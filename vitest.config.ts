import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Set by .ci/run: where the machine-readable result goes. */
const resultFile = process.env['CLAW_TEST_RESULT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes: what loads the runtime must be able to crash alone.
    pool: 'forks',
    // Much of the time is spent waiting for child processes: two cores carry two workers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    reporters:
      resultFile === undefined ? ['default'] : ['default', ['json', { outputFile: resultFile }]],
  },
});

import { defineConfig } from 'vitest/config';

/** Set by .ci/run: where the machine-readable result goes. */
const resultFile = process.env['CLAW_TEST_RESULT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes: what loads the runtime must be able to crash alone.
    pool: 'forks',
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

import { z } from 'zod';

const resultSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts of a vitest JSON result. A file that failed as a whole (it did not
 * load, a hook threw) has no failed test to count, so it counts as one; a run
 * that failed for another reason (an error outside every test) does too.
 */
export function summarize(json: string): TestSummary {
  const result = resultSchema.parse(JSON.parse(json));
  const brokenFiles = result.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const counted = result.numFailedTests + brokenFiles;
  return {
    passed: result.numPassedTests,
    failed: counted === 0 && !result.success ? 1 : counted,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

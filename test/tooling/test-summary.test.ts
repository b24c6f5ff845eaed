import { expect, test } from 'vitest';
import { summarize } from './test-summary.ts';

function resultOf(
  counts: Readonly<Record<string, number | boolean>>,
  files: readonly { readonly status: string; readonly tests: readonly string[] }[] = [],
): string {
  return JSON.stringify({
    success: true,
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    ...counts,
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  });
}

test('counts are those of the runner; todo counts as skipped', () => {
  const counts = { numPassedTests: 7, numPendingTests: 2, numTodoTests: 1 };
  expect(summarize(resultOf(counts))).toEqual({ passed: 7, failed: 0, skipped: 3 });
});

test('a failed test is counted once, not again with its file', () => {
  const json = resultOf({ success: false, numPassedTests: 1, numFailedTests: 1 }, [
    { status: 'failed', tests: ['passed', 'failed'] },
  ]);
  expect(summarize(json)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('a file that does not load has no failed test, and counts', () => {
  const json = resultOf({ success: false, numPassedTests: 1 }, [
    { status: 'passed', tests: ['passed'] },
    { status: 'failed', tests: [] },
  ]);
  expect(summarize(json)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('a run that failed outside every test is a failure', () => {
  expect(summarize(resultOf({ success: false })).failed).toBe(1);
});

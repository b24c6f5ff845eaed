import { inspectionSuite } from './inspection/inspection-suite.ts';
import type { Suite } from './suite.ts';

/** Every built-in suite; the first one is what `claw tune` runs without a target. */
export const SUITES: readonly [Suite, ...Suite[]] = [inspectionSuite];

export function findSuite(name: string): Suite | undefined {
  return SUITES.find((suite) => suite.name === name);
}

/**
 * `node test/tooling/print-test-summary.ts FILE`: the one-line count of a
 * result that vitest wrote as JSON; exits 1 if anything failed.
 */
import { readFileSync } from 'node:fs';
import { summarize } from './test-summary.ts';

const [file = ''] = process.argv.slice(2);
const { passed, failed, skipped } = summarize(readFileSync(file, 'utf8'));
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
if (failed > 0) process.exitCode = 1;

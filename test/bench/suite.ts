import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectionSuite } from '../../suites/inspection/inspection-suite.ts';
import { report } from './aim.ts';

// Builds the inspection suite from nothing: time, and the accuracies that it
// reports. Asking again must come from the cache.
const folder = mkdtempSync(join(tmpdir(), 'claw-bench-'));
const options = {
  folder,
  signal: new AbortController().signal,
  onProgress: (message: string) => console.log(`  ${message}`),
};
try {
  const startedMs = performance.now();
  const built = await inspectionSuite.build(options);
  const seconds = (performance.now() - startedMs) / 1000;
  const againMs = performance.now();
  await inspectionSuite.build(options);
  for (const note of built.notes) console.log(note);
  report('built in', { value: seconds, unit: 's', aim: 'under 60', met: seconds < 60 });
  const cachedMs = performance.now() - againMs;
  report('from the cache in', { value: cachedMs, unit: 'ms', aim: '200', met: cachedMs <= 200 });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

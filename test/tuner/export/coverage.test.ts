import { describe, expect, test } from 'vitest';
import { coverageOf, warningsOf, type FieldCoverage } from '../../../tuner/export/coverage.ts';
import { renderExport } from '../../../tuner/export/render-export.ts';
import { EXPORT_TARGETS } from '../../../tuner/export/targets/registry.ts';
import type { Tuned } from '../../../tuner/export/tuned.ts';
import { exportInput, tunedFields, tunedLinear } from '../../support/tuned-results.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const fields = tunedFields();

/** For each setting another value than the fixture's, of those that matter to somebody. */
const CHANGES: readonly (readonly [field: string, change: (tuned: Tuned) => Tuned])[] = [
  ['artifact.sha256', (tuned) => ({ ...tuned, artifact: { ...tuned.artifact, sha256: 'ff' } })],
  ['runtime.version', (tuned) => ({ ...tuned, runtime: { ...tuned.runtime, version: '1.29.0' } })],
  ['provider', (tuned) => ({ ...tuned, provider: 'cuda' })],
  ['host.cpu', (tuned) => ({ ...tuned, host: { ...tuned.host, cpu: 'Other' } })],
  ['host.isa', (tuned) => ({ ...tuned, host: { ...tuned.host, isa: ['sve'] } })],
  ['host.cores', (tuned) => ({ ...tuned, host: { ...tuned.host, cores: 64 } })],
  ['host.memoryBytes', (tuned) => ({ ...tuned, host: { ...tuned.host, memoryBytes: 2 ** 36 } })],
  ['workload.dims', (tuned) => ({ ...tuned, workload: { ...tuned.workload, dims: { s: 7 } } })],
  ['config.graphLevel', config({ graphLevel: 'basic' })],
  ['config.graphLevel', config({ graphLevel: 'layout' })],
  ['config.graphLevel', config({ graphLevel: 'disabled' })],
  ['config.replicas', config({ replicas: 3, isolation: 'thread' })],
  ['config.isolation', config({ isolation: 'process' })],
  ['config.intraOpThreads', config({ intraOpThreads: 4 })],
  ['config.spinning', config({ spinning: false })],
  ['config.affinity', config({ affinity: '2' })],
  ['config.batch.maxSize', config({ batch: { maxSize: 8, maxDelayMs: 0 } })],
  ['config.batch.maxDelayMs', config({ batch: { maxSize: 8, maxDelayMs: 2.5 } })],
  ['config.arena', config({ arena: false })],
  ['config.memPattern', config({ memPattern: false })],
  ['config.sessionEntries', config({ sessionEntries: { 'mlas.use_lut_gemm': '1' } })],
];

function config(changes: Partial<Tuned['config']>): (tuned: Tuned) => Tuned {
  return (tuned) => ({ ...tuned, config: { ...tuned.config, ...changes } });
}

describe.each(EXPORT_TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
  test('declares what becomes of every field of tuned.json', () => {
    const entries = fields.map((field) => ({ field, entry: coverageOf(target.coverage, field) }));
    expect(entries.filter(({ entry }) => entry === undefined)).toEqual([]);
    const reasons = entries.map(({ entry }) => reasonOf(entry));
    expect(reasons.filter((reason) => reason === '')).toEqual([]);
  });

  test('declares no field that a tuned.json cannot have', () => {
    const unknown = Object.keys(target.coverage).filter(
      (key) => !fields.some((field) => field === key || field.startsWith(`${key}.`)),
    );
    expect(unknown).toEqual([]);
  });

  test.each(CHANGES)('never loses %s in silence', async (field, change) => {
    const tuned = tunedLinear(temporaryFolder());
    const before = await exportInput(tuned);
    const after = await exportInput(change(tuned));
    // Without the head, which says the same of every target.
    const bodies = [before, after].map((input) => JSON.stringify(target.render(input, [])));
    const warnings = warningsOf(target.coverage, after);
    const isTold = warnings.some((one) => !warningsOf(target.coverage, before).includes(one));
    const isExpressed = coverageOf(target.coverage, field)?.state === 'expressed';
    const isRendered = bodies[1] !== bodies[0];
    // A field that is said to be expressed may not be told by a warning instead.
    expect(isRendered || (isTold && !isExpressed)).toBe(true);
  });

  test('says each warning in its files too', async () => {
    const tuned = tunedLinear(temporaryFolder(), {
      graphLevel: 'layout',
      isolation: 'process',
      spinning: false,
      affinity: '2',
      batch: { maxSize: 8, maxDelayMs: 2 },
      sessionEntries: { 'mlas.use_lut_gemm': '1' },
    });
    const { files, warnings } = renderExport(target, await exportInput(tuned));
    const texts = files.map((file) => ('text' in file ? file.text : '')).join('\n');
    for (const warning of warnings) {
      const inJson = JSON.stringify(warning).slice(1, -1);
      expect(texts.includes(warning) || texts.includes(inJson)).toBe(true);
    }
  });
});

function reasonOf(entry: FieldCoverage | undefined): string | undefined {
  return entry?.state === 'expressed'
    ? entry.by
    : entry?.state === 'irrelevant'
      ? entry.reason
      : undefined;
}

test('the fields of tuned.json are found in its schema', () => {
  expect(fields.length).toBeGreaterThan(80);
  for (const field of ['config.batch.maxDelayMs', 'metrics.server.qps', 'baseline.config.arena']) {
    expect(fields).toContain(field);
  }
});

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeNightlyPages } from '../../cli/nightly-pages.ts';
import type { NightRecord } from '../../tuner/nightly/night-record.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { measurement, nightJob, nightRecord } from '../tuner/nightly/night-records.ts';
import { simulatedPlan } from '../tuner/nightly/simulated-measurer.ts';

/** 12 nights; on the last the runtime is another one, and the job has regressed. */
function twelveNights(): NightRecord[] {
  const nights = Array.from({ length: 12 }, (_, index) => nightRecord(index + 1));
  const last = nightRecord(12);
  const job = nightJob({
    first: measurement({ logRatios: [-0.1, -0.11] }),
    second: measurement({ logRatios: [-0.1, -0.09] }),
    verdict: { kind: 'regressed', losses: [{ kind: 'step', bound: null, change: -0.095 }] },
    changePoints: [{ night: last.id, change: -0.095, p: 0.0005 }],
    baseline: { from: nights[0]?.startedAt ?? '', until: nights[9]?.startedAt ?? '', gain: 0 },
  });
  const versions = { ...last.versions, onnxruntime: '1.31.0' };
  return [...nights.slice(0, 11), { ...last, versions, jobs: [job] }];
}

describe('the pages of nights', () => {
  test('put a loss down to what changed on its night', async () => {
    const folder = temporaryFolder();
    const nights = twelveNights();
    await writeNightlyPages(simulatedPlan('detector'), nights, join(folder, 'nights'));
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).toContain(
      '<h1>The job regressed: detector, 9.5 % down since 2026-01-12 (onnxruntime 1.30.0 -&gt; 1.31.0)</h1>',
    );
    for (const { id } of nights) {
      expect(existsSync(join(folder, 'nights', `${id}.html`))).toBe(true);
      expect(page).toContain(`nights/${id}.html`);
    }
    const night = readFileSync(join(folder, 'nights', '20260112-020000.html'), 'utf8');
    expect(night).toContain('Second, independent measurement');
    expect(night).toContain('Changed since the night before: onnxruntime 1.30.0 -&gt; 1.31.0.');
  });

  test('write what is missing and the last one, and leave the others', async () => {
    const folder = temporaryFolder();
    const nights = twelveNights();
    const path = (index: number): string =>
      join(folder, 'nights', `${nights[index]?.id ?? ''}.html`);
    await writeNightlyPages(simulatedPlan('detector'), nights, join(folder, 'nights'));
    writeFileSync(path(0), 'kept');
    writeFileSync(path(11), 'old');
    rmSync(path(1));
    await writeNightlyPages(simulatedPlan('detector'), nights, join(folder, 'nights'));
    expect(readFileSync(path(0), 'utf8')).toBe('kept');
    expect(readFileSync(path(1), 'utf8')).toContain('<!doctype html>');
    expect(readFileSync(path(11), 'utf8')).toContain('<!doctype html>');
  });

  test('show a job that has never had figures', async () => {
    const folder = temporaryFolder();
    const job = nightJob({
      setup: null,
      first: null,
      verdict: { kind: 'invalid', reason: 'gone' },
    });
    const nights = [nightRecord(1, { jobs: [job] })];
    await writeNightlyPages(simulatedPlan('detector'), nights, join(folder, 'nights'));
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).toContain('<h1>The job could not be measured: detector</h1>');
  });
});

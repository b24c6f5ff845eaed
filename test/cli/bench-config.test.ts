import { describe, expect, test } from 'vitest';
import { neededPipelines, neededPrecisions, resolveConfig } from '../../cli/bench-config.ts';
import type { ConfigSource } from '../../cli/bench-plan.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import { benchRecord } from '../support/bench-records.ts';

function workloadWith(changes: Partial<WorkloadRecord> = {}): WorkloadRecord {
  return { ...benchRecord([]).workload, ...changes };
}

const FULL = { fullBatches: true };

describe('what must be built', () => {
  test('is what is set in the end, whatever is set after it', () => {
    const texts = ['passes=all', 'precision=fp16', 'passes=clean', 'replicas=2'];
    const sources = [{ kind: 'set', texts }, null] as const;
    expect(neededPipelines(sources)).toEqual(['clean']);
    expect(neededPrecisions(sources)).toEqual(['fp16']);
  });

  test('is what either side needs', () => {
    const file = { kind: 'file', path: 'a.json', changes: { passes: 'all' } } as const;
    const set = { kind: 'set', texts: ['passes=clean'] } as const;
    expect(neededPipelines([file, set])).toEqual(['clean', 'all']);
    expect(neededPipelines([{ kind: 'default' }, null])).toEqual([]);
    expect(neededPrecisions([file, { kind: 'default' }])).toEqual([]);
  });
});

describe('a configuration of a workload', () => {
  test('has knobs of a file over the default, a part of a group alone', () => {
    const changes = { replicas: 2, batch: { maxSize: 4 } };
    const { config } = resolveConfig(
      { kind: 'file', path: 'a.json', changes },
      workloadWith(),
      FULL,
    );
    expect(config).toMatchObject({
      replicas: 2,
      isolation: 'thread',
      batch: { maxSize: 4, maxDelayMs: 0 },
      arena: true,
    });
  });

  test('that cannot be applied names the file, and what to do', () => {
    const source = { kind: 'file', path: 'a.json', changes: { provider: 'cuda' } } as const;
    expect(() => resolveConfig(source, workloadWith(), FULL)).toThrow(
      expect.objectContaining({
        message: "a.json: config: provider 'cuda' is not available",
        remedy: "this version allows 'cpu'",
      }),
    );
  });

  test('keeps the batch that the model fixes', () => {
    const workload = workloadWith({ batch: 4 });
    expect(resolveConfig({ kind: 'default' }, workload, FULL).config.batch.maxSize).toBe(4);
    expect(() =>
      resolveConfig({ kind: 'set', texts: ['batch.maxSize=8'] }, workload, FULL),
    ).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: 'batch.maxSize 8: the model fixes its batch to 4',
        remedy: 'leave batch.maxSize out, or make it 4',
      }),
    );
  });

  test.each([
    ['passes=clean', [], /^the passes 'clean' change nothing in this model/, 'leave passes out'],
    [
      'passes=clean',
      ["the passes 'all' are left out: x", "the passes 'clean' are left out: it crashed"],
      /^the passes 'clean' are left out: it crashed$/,
      'leave passes out',
    ],
    ['precision=fp16', [], /^fp16 cannot be had of this model$/, 'leave precision out'],
    [
      'precision=fp16',
      ['fp16 agrees well', 'fp16 is left out: no weights'],
      /^fp16 is left out: no weights$/,
      'leave precision out',
    ],
  ] as const)('%s, of which there is no model', (text, notes, message, remedy) => {
    const workload = workloadWith({ notes: [...notes] });
    expect(() => resolveConfig({ kind: 'set', texts: [text] }, workload, FULL)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringMatching(message) as string,
        remedy,
      }),
    );
  });
});

test('a delay counts where requests wait for each other, and nowhere else', () => {
  const source: ConfigSource = { kind: 'set', texts: ['batch.maxSize=4', 'batch.maxDelayMs=3'] };
  const delayOf = (fullBatches: boolean): number =>
    resolveConfig(source, workloadWith(), { fullBatches }).config.batch.maxDelayMs;
  expect(delayOf(false)).toBe(3);
  expect(delayOf(true)).toBe(0);
});

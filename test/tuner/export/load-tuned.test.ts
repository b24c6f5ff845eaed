import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { runtimeVersion } from '../../../engine/runtime/binding.ts';
import { describeHost } from '../../../hosts/this-host.ts';
import { findDrift, type FoundPlace } from '../../../tuner/export/drift.ts';
import { loadTuned } from '../../../tuner/export/load-tuned.ts';
import type { Tuned } from '../../../tuner/export/tuned.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tunedLinear } from '../../support/tuned-results.ts';

/** A tuned.json as this very machine would have written it. */
function writeTuned(change: (tuned: Tuned) => Tuned = (tuned) => tuned): {
  readonly path: string;
  readonly tuned: Tuned;
} {
  const folder = temporaryFolder();
  const tuned = tunedLinear(folder);
  const { key, cpu, isa, usableCores, memoryBytes } = describeHost(systemFiles());
  const here = change({
    ...tuned,
    runtime: { name: 'onnxruntime', version: runtimeVersion() },
    host: { key, cpu, isa, cores: usableCores, memoryBytes },
  });
  const path = join(folder, 'tuned.json');
  writeFileSync(path, JSON.stringify(here));
  return { path, tuned: here };
}

describe('loadTuned', () => {
  test('gives what an engine opens with, where nothing differs', async () => {
    const { path, tuned } = writeTuned();
    const loaded = await loadTuned(pathToFileURL(path), { strict: true });
    expect(loaded.drift).toEqual([]);
    expect(loaded.artifact).toEqual(tuned.artifact);
    expect(loaded.config).toEqual({ ...tuned.config, provider: 'cpu' });
  });

  test('tells of another machine, and refuses it where it is strict', async () => {
    const { path } = writeTuned((tuned) => ({ ...tuned, host: { ...tuned.host, cores: 999 } }));
    const onDrift = vi.fn<(drift: readonly object[]) => void>();
    const { drift } = await loadTuned(path, { onDrift });
    expect(drift.map(({ field }) => field)).toEqual(['cores']);
    expect(onDrift).toHaveBeenCalledExactlyOnceWith(drift);
    await expect(loadTuned(path, { strict: true })).rejects.toThrow(
      /was tuned for something else:\n {2}the number of usable cores: tuned for 999, here \d+/,
    );
  });

  test('never opens another artifact, strict or not', async () => {
    const { path, tuned } = writeTuned();
    appendFileSync(tuned.artifact.path, 'x');
    await expect(loadTuned(path)).rejects.toThrow(/which has the SHA-256 [0-9a-f]{64}, not/);
    const gone = writeTuned((one) => ({
      ...one,
      artifact: { ...one.artifact, path: 'gone.onnx' },
    }));
    await expect(loadTuned(gone.path)).rejects.toThrow(/which is not there/);
  });

  test('compares the model that the artifact was made of, where it is there', async () => {
    const { path } = writeTuned((tuned) => ({
      ...tuned,
      model: { ...tuned.model, path: 'tuned.json' },
    }));
    const { drift } = await loadTuned(path, { onDrift: () => undefined });
    expect(drift.map(({ field }) => field)).toEqual(['model']);
    const absent = writeTuned((tuned) => ({ ...tuned, model: { ...tuned.model, path: 'none' } }));
    expect((await loadTuned(absent.path)).drift).toEqual([]);
  });
});

describe('drift', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claw-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const tuned = tunedLinear(folder);
  const same: FoundPlace = {
    modelSha256: tuned.model.sha256,
    runtimeVersion: '1.30.0',
    cpu: 'Fake CPU',
    isa: ['avx2'],
    cores: 2,
    memoryBytes: 8 * 2 ** 30 - 5e6,
    memoryLimitBytes: 300 * 2 ** 20,
  };

  test('is none where firmware reserved a few MiB more', () => {
    expect(findDrift(tuned, same)).toEqual([]);
  });

  test.each<[string, Partial<FoundPlace>, string]>([
    ['runtime', { runtimeVersion: '1.31.0' }, 'ONNX Runtime: tuned for 1.30.0, here 1.31.0'],
    ['cpu', { cpu: 'Other' }, 'the processor: tuned for Fake CPU, here Other'],
    ['isa', { isa: ['sve'] }, 'the instruction sets: avx2 missing here, sve here and not there'],
    ['cores', { cores: 1 }, 'the number of usable cores: tuned for 2, here 1'],
    ['memory', { memoryBytes: 2 ** 32 }, 'the memory: tuned for 8 GiB, here 4 GiB'],
    [
      'memory-limit',
      { memoryLimitBytes: 100 * 2 ** 20 },
      'the memory limit of 100 MiB is below the measured peak of 200 MiB',
    ],
    ['model', { modelSha256: 'ff' }, `the model: tuned for ${tuned.model.sha256}, here ff`],
  ])('of the %s is said with both values', (field, change, text) => {
    expect(findDrift(tuned, { ...same, ...change })).toEqual([{ field, text }]);
  });
});

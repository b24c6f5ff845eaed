import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../../engine/base/files.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { readArchive, writeArchive } from '../../../tuner/bundle/bundle-archive.ts';
import type { BundleManifest, BundleRecords } from '../../../tuner/bundle/bundle-manifest.ts';
import { importBundle } from '../../../tuner/bundle/import-bundle.ts';
import { packBundle } from '../../../tuner/bundle/pack-bundle.ts';
import { readBundle } from '../../../tuner/bundle/read-bundle.ts';
import { bundledBench, bundledRun } from '../../../tuner/bundle/stored-records.ts';
import { openSqliteStore } from '../../../tuner/store/sqlite-store.ts';
import type { Store } from '../../../tuner/store/store.ts';
import { benchRecord, benchTrial } from '../../support/bench-records.ts';
import { hostRun } from '../../support/compared-hosts.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const WRITTEN = { createdAt: '2026-03-01T10:00:00.000Z', openclaw: '0.1.0' };
const SAMPLES = Float64Array.of(1.5, 2.25, 0.125);

async function emptyStore(): Promise<Store> {
  const store = await openSqliteStore(`${temporaryFolder()}/store.sqlite`, systemFiles());
  onTestFinished(() => store.close());
  return store;
}

/** One run whose first trial has samples, and one bench. */
function records(id = 'a'): BundleRecords {
  const { run, trials } = hostRun({ id });
  const bench = benchRecord([{ ...benchTrial(), id: 'bench/0', runId: 'bench' }]);
  return {
    runs: [{ run, trials, samples: trials.map((_, index) => (index === 0 ? SAMPLES : null)) }],
    benches: [{ bench, samples: [SAMPLES] }],
  };
}

function fileOf(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'x.claw');
  writeFileSync(path, bytes);
  return path;
}

const packed = packBundle(records(), WRITTEN).archive;

type Members = Record<string, Uint8Array<ArrayBuffer>>;

/** The bundle with its members changed and, where asked, its manifest made to agree. */
function tampered(
  change: (members: Members) => void,
  { relist }: { readonly relist: boolean },
): string {
  const members = unzipSync(packed);
  change(members);
  if (relist) {
    const { 'manifest.json': own, ...rest } = members;
    const manifest = JSON.parse(new TextDecoder().decode(own)) as BundleManifest;
    const files = Object.entries(rest).map(([name, bytes]) => ({
      name,
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    }));
    members['manifest.json'] = json({ ...manifest, files });
  }
  return fileOf(zipSync(members));
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  // A view of this realm's own: fflate tells bytes from folders by their type.
  return new Uint8Array(new TextEncoder().encode(JSON.stringify(value)));
}

/** The JSON of a member with something replaced. */
function replaced(members: Members, name: string, from: string, to: string): void {
  const text = new TextDecoder().decode(members[name]);
  expect(text).toContain(from);
  members[name] = new Uint8Array(new TextEncoder().encode(text.replaceAll(from, to)));
}

describe('a bundle', () => {
  test('gives back every record and sample, and says what it holds', async () => {
    const bundle = await readBundle(fileOf(packed));
    const { runs, benches } = records();
    expect(bundle.runs).toEqual(runs);
    expect(bundle.benches).toEqual(benches);
    expect(bundle.manifest).toMatchObject({
      ...WRITTEN,
      contents: [
        { kind: 'run', id: 'a', host: { name: 'a' }, trials: 13, artifacts: [{ sha256: 'abc' }] },
        { kind: 'bench', id: 'bench', trials: 1 },
      ],
    });
    expect(bundle.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('of the same records is the same file', () => {
    expect(Buffer.compare(packBundle(records(), WRITTEN).archive, packed)).toBe(0);
  });

  test('that is cut off anywhere is refused with its name', async () => {
    for (const share of [0, 0.3, 0.6, 0.9, 0.999]) {
      const path = fileOf(packed.subarray(0, Math.floor(packed.length * share)));
      await expect(readBundle(path)).rejects.toThrow(`${path} is not a bundle, or damaged`);
    }
  });

  test('with a flipped bit anywhere in its manifest is refused', async () => {
    // Behind the local header, which repeats what the directory at the end says.
    const start = 30 + 'manifest.json'.length;
    const size = new DataView(packed.buffer, packed.byteOffset).getUint32(18, true);
    let refused = 0;
    for (let offset = start; offset < start + size; offset += 37) {
      const copy = packed.slice();
      copy[offset] = (copy[offset] ?? 0) ^ 0x10;
      const path = fileOf(copy);
      await expect(readBundle(path), `offset ${offset}`).rejects.toThrow(path);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
  });

  test.each<[string, (members: Members) => void, RegExp]>([
    [
      'changed',
      (members) => replaced(members, 'runs/0/run.json', '"seed":1', '"seed":2'),
      /runs\/0\/run\.json was changed: its SHA-256/,
    ],
    ['missing', (members) => delete members['runs/0/trials.json'], /trials\.json is missing/],
    [
      'added',
      (members) => {
        members['more.txt'] = json('x');
      },
      /"more\.txt" is not in its manifest/,
    ],
    ['the manifest', (members) => delete members['manifest.json'], /it has no manifest\.json/],
  ])('of which a part was %s is refused', async (_, change, says) => {
    await expect(readBundle(tampered(change, { relist: false }))).rejects.toThrow(says);
  });

  test.each<[string, (members: Members) => void, RegExp]>([
    [
      'a name that leads out of the folder',
      (members) => {
        members['../../evil.json'] = json('x');
      },
      /not the name of a part of a bundle at files/,
    ],
    ...['/etc/passwd', 'runs/../../evil', 'runs\\0\\run.json', 'runs/0/run.json/', 'C:evil'].map(
      (name): [string, (members: Members) => void, RegExp] => [
        `the part ${name}`,
        (members) => {
          members[name] = json('x');
        },
        /not the name of a part of a bundle at files/,
      ],
    ),
    [
      'a run named like a path',
      (members) => {
        for (const name of ['runs/0/run.json', 'runs/0/trials.json', 'manifest.json']) {
          replaced(members, name, '"a"', '"../../a"');
        }
      },
      /not the name of a run at contents\.0\.id/,
    ],
    [
      "another run's trial",
      (members) => replaced(members, 'runs/0/trials.json', '"id":"a/0"', '"id":"b/0"'),
      /trial 0 of a belongs to another run/,
    ],
    [
      'another host in the record than in the manifest',
      (members) => replaced(members, 'runs/0/run.json', 'key-a', 'key-z'),
      /its manifest does not say what its records do/,
    ],
    [
      'samples of no trial',
      (members) => {
        members['runs/0/samples/99.f32'] = new Uint8Array(4);
      },
      /samples\/99\.f32 belongs to no trial/,
    ],
    [
      'a record that is none',
      (members) => replaced(members, 'runs/0/run.json', '"searcher":', '"sercher":'),
      /runs\/0\/run\.json: .*searcher/,
    ],
  ])('whose hashes agree, with %s, is refused', async (_, change, says) => {
    await expect(readBundle(tampered(change, { relist: true }))).rejects.toThrow(says);
  });

  test('that is no archive, or not there, is refused in words', async () => {
    await expect(readBundle(fileOf(json('text')))).rejects.toThrow(/is not a bundle, or damaged/);
    await expect(readBundle('/nowhere/x.claw')).rejects.toThrow(/there is no such file/);
  });
});

describe('an archive', () => {
  const limits = { archiveBytes: 10_000, unpackedBytes: 100_000, members: 3 };

  test('that would unpack to more than the limit is refused before it is unpacked', async () => {
    const bomb = zipSync({ zeros: new Uint8Array(200_000) });
    expect(bomb.length).toBeLessThan(1000);
    await expect(readArchive(fileOf(bomb), limits)).rejects.toThrow(/unpacks to 195 KiB or more/);
  });

  test('that declares less than it holds does not get the rest in', async () => {
    const bomb = zipSync({ zeros: new Uint8Array(200_000) });
    const view = new DataView(bomb.buffer, bomb.byteOffset, bomb.byteLength);
    // The size in the central directory: 24 bytes after its signature.
    for (let offset = 0; offset < bomb.length - 4; offset += 1) {
      if (view.getUint32(offset, true) === 0x02014b50) view.setUint32(offset + 24, 50, true);
    }
    await expect(readArchive(fileOf(bomb), limits)).rejects.toThrow(/is not a bundle, or damaged/);
  });

  test('of too many parts, or too large a file, is refused on both ways', async () => {
    const parts = new Map(['a', 'b', 'c', 'd'].map((name) => [name, new Uint8Array(1)]));
    expect(() => writeArchive(parts, limits)).toThrow(/more than 3 parts/);
    const path = fileOf(writeArchive(parts));
    await expect(readArchive(path, limits)).rejects.toThrow(/more than 3 parts/);
    const small = { ...limits, archiveBytes: 10 };
    await expect(readArchive(path, small)).rejects.toThrow(/a bundle has at most 10 B/);
  });

  test('with a part named like a prototype is refused', async () => {
    const bytes = zipSync({ aaaaaaaaa: new Uint8Array(3) });
    const text = Buffer.from(bytes).toString('latin1').replaceAll('aaaaaaaaa', '__proto__');
    const path = fileOf(Buffer.from(text, 'latin1'));
    await expect(readArchive(path)).rejects.toThrow(/"__proto__" is no name of a part/);
  });

  test('with a name twice is refused', async () => {
    const bytes = zipSync({ aaaa: new Uint8Array(3), bbbb: new Uint8Array(3) });
    const text = Buffer.from(bytes).toString('latin1').replaceAll('bbbb', 'aaaa');
    const path = fileOf(Buffer.from(text, 'latin1'));
    await expect(readArchive(path)).rejects.toThrow(/"aaaa" is in it twice/);
  });
});

describe('an import', () => {
  test('adds what is missing and leaves what is there', async () => {
    const store = await emptyStore();
    const { run, trials } = hostRun({ id: 'own' });
    await store.saveRun(run);
    const bundle = records();
    expect((await importBundle(store, bundle)).map(({ state }) => state)).toEqual([
      'added',
      'added',
    ]);
    expect(await store.listTrials('a')).toEqual(bundle.runs[0]?.trials);
    expect(await store.findSamples('a/0')).toEqual(SAMPLES);
    expect(await store.findSamples('bench/0')).toEqual(SAMPLES);
    expect(await store.findRun('own')).toEqual(run);
    expect(trials.length).toBeGreaterThan(0);
    expect((await importBundle(store, bundle)).map(({ state }) => state)).toEqual([
      'already-there',
      'already-there',
    ]);
  });

  test('goes on where one was killed', async () => {
    const store = await emptyStore();
    const bundle = records();
    const [own] = bundle.runs;
    if (own === undefined) throw new Error('it has a run');
    await store.saveRun(own.run);
    for (const trial of own.trials.slice(0, 4)) await store.addTrial(trial, null);
    expect((await importBundle(store, bundle))[0]).toEqual({
      kind: 'run',
      id: 'a',
      state: 'added',
    });
    expect(await store.listTrials('a')).toEqual(own.trials);
  });

  test.each<[string, (store: Store) => Promise<void>]>([
    ['run', (store) => store.saveRun(hostRun({ id: 'a', changes: { seed: 9 } }).run)],
    [
      'bench',
      (store) => store.saveBench(benchRecord([], { createdAt: '2026-01-02T00:00:00.000Z' }), []),
    ],
  ])('of a %s that is there with other content changes nothing', async (kind, put) => {
    const store = await emptyStore();
    await put(store);
    const before = [await store.listRuns(), await store.listBenches()];
    await expect(importBundle(store, records())).rejects.toThrow(
      new RegExp(`has a ${kind} (a|bench) with other content: nothing was imported`),
    );
    expect([await store.listRuns(), await store.listBenches()]).toEqual(before);
  });

  test('of a run with more trials than the bundle is refused', async () => {
    const store = await emptyStore();
    const bundle = records();
    await importBundle(store, bundle);
    const [own] = bundle.runs;
    if (own === undefined) throw new Error('it has a run');
    const shorter = { ...own, trials: own.trials.slice(1), samples: own.samples.slice(1) };
    await expect(importBundle(store, { runs: [shorter], benches: [] })).rejects.toThrow(
      /run a with other content/,
    );
  });
});

describe('what a store holds', () => {
  test('comes out with its samples and goes in elsewhere', async () => {
    const [from, to] = [await emptyStore(), await emptyStore()];
    await importBundle(from, records());
    const [run, bench] = [await from.findRun('a'), await from.findBench('bench')];
    if (run === null || bench === null) throw new Error('they are there');
    const taken = {
      runs: [await bundledRun(from, run)],
      benches: [await bundledBench(from, bench)],
    };
    const path = fileOf(packBundle(taken, WRITTEN).archive);
    await importBundle(to, await readBundle(path));
    expect(await to.findRun('a')).toEqual(run);
    expect(await to.findSamples('a/0')).toEqual(SAMPLES);
  });

  test('is refused while a run may still grow', async () => {
    const store = await emptyStore();
    const { run } = hostRun({ id: 'a', changes: { state: 'running' } });
    await expect(bundledRun(store, run)).rejects.toThrow(/run a is still running, or was killed/);
  });
});

import { sha256 } from '../../engine/base/files.ts';
import { writeArchive } from './bundle-archive.ts';
import {
  describeContents,
  MANIFEST_NAME,
  type BundleManifest,
  type BundleRecords,
  type Samples,
} from './bundle-manifest.ts';

export interface PackedBundle {
  readonly archive: Uint8Array;
  readonly manifest: BundleManifest;
}

/**
 * The bundle of some records. The same records and the same moment give the same bytes.
 * `createdAt` is an ISO time, `openclaw` the version that writes it. Throws UserError
 * where the records are more than a bundle holds.
 */
export function packBundle(
  records: BundleRecords,
  written: Pick<BundleManifest, 'createdAt' | 'openclaw'>,
): PackedBundle {
  const members = new Map(membersOf(records));
  const files = [...members].map(([name, bytes]) => ({
    name,
    sizeBytes: bytes.byteLength,
    sha256: sha256(bytes),
  }));
  const manifest: BundleManifest = {
    schema: 'openclaw.bundle/1',
    ...written,
    contents: describeContents(records),
    files,
  };
  const all = new Map([[MANIFEST_NAME, jsonBytes(manifest)], ...members]);
  return { archive: writeArchive(all), manifest };
}

function* membersOf({ runs, benches }: BundleRecords): Generator<[string, Uint8Array]> {
  for (const [index, { run, trials, samples }] of runs.entries()) {
    yield [`runs/${index}/run.json`, jsonBytes(run)];
    yield [`runs/${index}/trials.json`, jsonBytes(trials)];
    yield* sampleMembers(`runs/${index}`, samples);
  }
  for (const [index, { bench, samples }] of benches.entries()) {
    yield [`benches/${index}/bench.json`, jsonBytes(bench)];
    yield* sampleMembers(`benches/${index}`, samples);
  }
}

function* sampleMembers(folder: string, samples: Samples): Generator<[string, Uint8Array]> {
  for (const [position, latenciesMs] of samples.entries()) {
    if (latenciesMs === null) continue;
    // A store keeps float32 too: nothing is lost.
    yield [`${folder}/samples/${position}.f32`, littleEndian(Float32Array.from(latenciesMs))];
  }
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true);
  return bytes;
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

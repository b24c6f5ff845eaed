/**
 * The size of a tensor as a function of the batch, in bytes: `fixedBytes + sampleBytes * batch`.
 * Exact for what is linear in the batch, which all but a few tensors of a network are; one
 * that grows faster (similarities of all pairs) is underestimated beyond the observed batches.
 */
export interface SizeLaw {
  readonly fixedBytes: number;
  /** For each sample of the batch. */
  readonly sampleBytes: number;
}

export const NO_BYTES: SizeLaw = Object.freeze({ fixedBytes: 0, sampleBytes: 0 });

/** What was seen of a size at one batch. */
export interface ObservedSize {
  readonly batch: number;
  readonly bytes: number;
}

export function bytesAt({ fixedBytes, sampleBytes }: SizeLaw, batch: number): number {
  return Math.max(0, fixedBytes + sampleBytes * batch);
}

export function isSameSize(a: SizeLaw, b: SizeLaw): boolean {
  return a.fixedBytes === b.fixedBytes && a.sampleBytes === b.sampleBytes;
}

export function sumOfSizes(sizes: Iterable<SizeLaw>): SizeLaw {
  let fixedBytes = 0;
  let sampleBytes = 0;
  for (const size of sizes) {
    fixedBytes += size.fixedBytes;
    sampleBytes += size.sampleBytes;
  }
  return { fixedBytes, sampleBytes };
}

/** The line through the first and the last of what was seen; one batch alone gives a fixed size. */
export function lawThrough(seen: readonly [ObservedSize, ...ObservedSize[]]): SizeLaw {
  const [first] = seen;
  const last = seen.at(-1) ?? first;
  if (last.batch === first.batch) return { fixedBytes: first.bytes, sampleBytes: 0 };
  const sampleBytes = (last.bytes - first.bytes) / (last.batch - first.batch);
  return { fixedBytes: first.bytes - sampleBytes * first.batch, sampleBytes };
}

import type { Session } from '../../../../engine/runtime/binding.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { slicePictures, type Pictures } from '../../../../suites/inspection/images/pictures.ts';
import { outputData } from '../../../../suites/inspection/training/run-pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Block } from './block.ts';
import { enlarge, LARGE } from './enlarge.ts';
import { narrowModel, type Stem } from './narrow-model.ts';

const BATCH = 8;

/** Pictures and the stream that they leave behind the blocks so far. */
export interface Source {
  readonly pictures: Pictures;
  /** Calls `use` with each picture's stream, [channels, size, size], a view until it returns. */
  forEach(bench: Workbench, use: (map: Float32Array, index: number) => void): Promise<void>;
}

/** The stream computed from the pictures, every time. */
export function pictureSource(pictures: Pictures, stem: Stem, blocks: readonly Block[]): Source {
  return {
    pictures,
    forEach: (bench, use) =>
      withSession(bench, narrowModel({ kind: 'picture', stem }, blocks), (session) =>
        runBatches(
          session,
          { count: pictures.count, signal: bench.signal },
          {
            feeds: (start, rows) => image(enlarge(pictures, { start, rows, channels: 1 }), rows),
            use,
          },
        ),
      ),
  };
}

/** The stream computed from streams kept in memory, with noise before each block if there is any. */
export function streamSource(kept: KeptStream, blocks: readonly Block[], noise = 0): Source {
  const { pictures, channels, size, values } = kept;
  const length = channels * size * size;
  const model = narrowModel({ kind: 'stream', channels }, blocks, { noise });
  return {
    pictures,
    forEach: (bench, use) =>
      withSession(bench, model, (session) =>
        runBatches(
          session,
          { count: pictures.count, signal: bench.signal },
          {
            feeds: (start, rows) => ({
              input: {
                type: 'float32',
                dims: [rows, channels, size, size],
                data: values.subarray(start * length, (start + rows) * length),
              },
            }),
            use,
          },
        ),
      ),
  };
}

export interface KeptStream {
  readonly pictures: Pictures;
  readonly channels: number;
  readonly size: number;
  readonly values: Float32Array;
}

/** Computes a stream once and keeps it. */
export async function keepStream(
  bench: Workbench,
  source: Source,
  { channels, size }: { readonly channels: number; readonly size: number },
): Promise<KeptStream> {
  const length = channels * size * size;
  const values = new Float32Array(source.pictures.count * length);
  await source.forEach(bench, (map, index) => values.set(map, index * length));
  return { pictures: source.pictures, channels, size, values };
}

/** The pictures from `start` up to, not including, `end`. */
export interface Share {
  readonly start: number;
  readonly end: number;
}

/** The kept streams of some of the pictures: a view. */
export function sliceStream(kept: KeptStream, { start, end }: Share): KeptStream {
  const length = kept.channels * kept.size ** 2;
  return {
    ...kept,
    pictures: slicePictures(kept.pictures, start, end),
    values: kept.values.subarray(start * length, end * length),
  };
}

function image(data: Float32Array, rows: number): Tensors {
  return { input: { type: 'float32', dims: [rows, 1, LARGE, LARGE], data } };
}

async function runBatches(
  session: Session,
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
  {
    feeds,
    use,
  }: {
    readonly feeds: (start: number, rows: number) => Tensors;
    readonly use: (map: Float32Array, index: number) => void;
  },
): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    signal.throwIfAborted();
    const rows = Math.min(BATCH, count - start);
    const stream = outputData(await session.run(feeds(start, rows)), 'stream');
    const length = stream.length / rows;
    for (let row = 0; row < rows; row += 1) {
      use(stream.subarray(row * length, (row + 1) * length), start + row);
    }
  }
}

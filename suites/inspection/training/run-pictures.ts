import type { Session } from '../../../engine/runtime/binding.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { PIXELS } from '../images/canvas.ts';
import { toInput, type Pictures } from '../images/pictures.ts';
import { copySymmetric } from '../images/symmetry.ts';

/** Pictures in one run; a few milliseconds. */
const BATCH = 64;

/**
 * Runs a network over all pictures, each turned by `symmetryOf`, and hands the
 * outputs of each batch to `use` with the index of its first picture.
 */
export async function runPictures(
  session: Session,
  pictures: Pictures,
  options: {
    readonly signal: AbortSignal;
    readonly symmetryOf?: (index: number) => number;
    readonly use: (outputs: Tensors, start: number, count: number) => void;
  },
): Promise<void> {
  for (let start = 0; start < pictures.count; start += BATCH) {
    options.signal.throwIfAborted();
    const count = Math.min(BATCH, pictures.count - start);
    const image = toInput(turned(pictures, { start, count }, options.symmetryOf));
    options.use(await session.run({ image }), start, count);
  }
}

function turned(
  { pixels }: Pictures,
  { start, count }: { readonly start: number; readonly count: number },
  symmetryOf: ((index: number) => number) | undefined,
): Uint8Array {
  const batch = pixels.subarray(start * PIXELS, (start + count) * PIXELS);
  if (symmetryOf === undefined) return batch;
  const copy = new Uint8Array(batch.length);
  for (let i = 0; i < count; i += 1) {
    const picture = batch.subarray(i * PIXELS, (i + 1) * PIXELS);
    copySymmetric(copy, picture, { offset: i * PIXELS, symmetry: symmetryOf(start + i) });
  }
  return copy;
}

/** Float data of an output; the name is one that we gave. */
export function outputData(outputs: Tensors, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`the network has no float output '${name}'`);
  return data;
}

import {
  elementBytes,
  elementCount,
  isNumericType,
  type NumericType,
  type Tensors,
} from '../tensor.ts';
import type { WireTensors } from './messages.ts';

/** What a run gave, without the data. */
export type OutputShapes = Readonly<Record<string, OutputShape>>;

export interface OutputShape {
  readonly type: NumericType;
  readonly dims: readonly number[];
}

/** Shapes of feeds that are remembered; the one that came first goes first. */
const MAX_REMEMBERED = 64;

/**
 * Outputs of less than this are not worth it: wrapping memory for the runtime costs as much
 * as copying so much. Measured: no difference at 4 KB, a fifth less time at 160 KB.
 */
const WORTH_BYTES = 64 * 1024;

/**
 * Remembers which shapes feeds of a shape gave, so that the next run can put its outputs
 * where they are to lie. It is a guess: shapes may depend on the numbers.
 */
export class RememberedShapes {
  readonly #byFeeds = new Map<string, OutputShapes | null>();

  /** Null where nothing is known, and where a copy is cheaper. */
  of(feedsKey: string): OutputShapes | null {
    return this.#byFeeds.get(feedsKey) ?? null;
  }

  note(feedsKey: string, outputs: Tensors): void {
    if (this.#byFeeds.has(feedsKey)) return;
    if (this.#byFeeds.size >= MAX_REMEMBERED) {
      const [oldest] = this.#byFeeds.keys();
      if (oldest !== undefined) this.#byFeeds.delete(oldest);
    }
    this.#byFeeds.set(feedsKey, shapesOf(outputs));
  }
}

function shapesOf(outputs: Tensors): OutputShapes | null {
  const shapes: Record<string, OutputShape> = {};
  let sizeBytes = 0;
  for (const [name, { type, dims }] of Object.entries(outputs)) {
    // Texts lie nowhere, and the binding does not write float16 in place.
    if (!isNumericType(type) || type === 'float16') return null;
    shapes[name] = { type, dims };
    sizeBytes += elementCount(dims) * elementBytes(type);
  }
  return sizeBytes < WORTH_BYTES ? null : shapes;
}

/** Names, types and shapes of feeds. */
export function shapesKey(feeds: WireTensors): string {
  return JSON.stringify(Object.entries(feeds).map(([name, { type, dims }]) => [name, type, dims]));
}

import { formatNumber } from '../../base/units.ts';
import { createAttribute } from '../create-attribute.ts';
import { elementTypeName, elementTypeNumber } from '../element-type.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrGraph, type IrValue } from '../ir/ir.ts';
import { allGraphs } from '../passes/pass.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';
import type { QuantizationSummary, SkippedNode } from './summary.ts';

export interface Fp16Options {
  /** Smaller tensors stay float32. 1024, which are 4 KiB, by default. */
  readonly leastElements?: number;
}

const DEFAULTS = Object.freeze({ leastElements: 1024 } satisfies Fp16Options);

/**
 * Stores large float32 constants as float16, each with a Cast back to float32. The
 * runtime folds the Cast when it loads the model, from level `basic` on: half the
 * file, but neither faster nor less memory. Constants that float16 cannot hold stay.
 *
 * The model is rewritten in place. O(elements).
 */
export function toFp16(model: IrModel, options: Fp16Options = {}): QuantizationSummary {
  const { leastElements } = { ...DEFAULTS, ...options };
  const skipped: SkippedNode[] = [];
  let quantized = 0;
  for (const graph of allGraphs(model.graph)) {
    for (const value of graph.initializers) {
      const { constant } = value;
      if (constant === null || elementTypeName(constant.dataType) !== 'float32') continue;
      if (tensorSize(constant) < leastElements || value.isUnused) continue;
      const reason = storeAsHalf(graph, value);
      if (reason === null) quantized += 1;
      else skipped.push({ node: value.name, reason });
    }
  }
  return { quantized, skipped };
}

/** Null when it was done, else why not. */
function storeAsHalf(graph: IrGraph, value: IrValue): string | null {
  const data = value.constant === null ? null : readFloats(value.constant);
  if (data === null) return 'its elements are not at hand';
  if (value.isOutput) return 'it is an output of the graph';
  const halves = Float16Array.from(data);
  const reason = whyNotHalf(data, halves);
  if (reason !== null) return reason;
  const dims = value.constant?.dims ?? [];
  const stored = graph.addInitializer(`${value.name}_fp16`, {
    type: 'float16',
    dims,
    data: halves,
  });
  const to = createAttribute('to', { int: elementTypeNumber('float32') });
  const attributes = new Map([['to', to]]);
  const cast = graph.addNode({
    opType: 'Cast',
    name: `${value.name}_cast`,
    inputs: [stored],
    attributes,
  });
  replaceUses(value, cast.output);
  graph.removeInitializer(value);
  return null;
}

/**
 * A normal float16 is within 2^-11 of its value, so that together they are too; only
 * what is below 2^-14 can be off by more. Infinities and NaN stay what they are.
 */
const MOST_RELATIVE_ERROR = 2 ** -11;

function whyNotHalf(data: Float32Array, halves: Float16Array): string | null {
  let [error, size] = [0, 0];
  for (const [index, value] of data.entries()) {
    const half = halves[index] ?? 0;
    if (!Number.isFinite(value)) continue;
    if (!Number.isFinite(half)) return `${value} is beyond float16`;
    error += (half - value) ** 2;
    size += value ** 2;
  }
  const relative = Math.sqrt(error / size);
  return relative > MOST_RELATIVE_ERROR
    ? `float16 would change it by ${formatNumber(100 * relative)} %`
    : null;
}

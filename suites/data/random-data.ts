import { UserError } from '../../engine/base/errors.ts';
import { createRandom, type Random } from '../../engine/base/random.ts';
import { formatBytes } from '../../engine/base/units.ts';
import type { InputHint } from '../../engine/graph/input-hints.ts';
import {
  elementBytes,
  elementCount,
  viewElements,
  type NumericArray,
  type NumericType,
} from '../../engine/runtime/tensor.ts';
import type { DatasetInput } from './dataset.ts';
import type { ResolvedInput } from './model-inputs.ts';

const MAX_SAMPLES = 64;
const MAX_BYTES = 64 * 2 ** 20;
/** One sample of every input; more is a slip in `--dim` rather than a wish. */
const MAX_SAMPLE_BYTES = 2 * 2 ** 30;

export interface RandomData {
  readonly count: number;
  readonly inputs: readonly DatasetInput[];
  /** How each input was filled, for the report. */
  readonly description: string;
}

/**
 * Invents seeded inputs of the right type, shape and range; at most 64 samples
 * or 64 MiB, but at least one. Throws UserError that names an input too large.
 */
export function createRandomData(
  inputs: readonly ResolvedInput[],
  hints: readonly InputHint[],
  seed: number,
): RandomData {
  const count = affordableSamples(inputs);
  const filled = inputs.map((input) => {
    const recipe = recipeFor(input, hints);
    const length = elementCount(input.dims) * (input.batched ? count : 1);
    const data = fill(input.type, length, { recipe, random: createRandom(seed, input.name) });
    return { input: { ...input, data }, text: `${input.name} ${recipe.text}` };
  });
  return {
    count,
    inputs: filled.map(({ input }) => input),
    description: filled.map(({ text }) => text).join('; '),
  };
}

function affordableSamples(inputs: readonly ResolvedInput[]): number {
  const [largest] = [...inputs].sort((a, b) => bytesOf(b) - bytesOf(a));
  if (largest !== undefined && sumBytes(inputs) > MAX_SAMPLE_BYTES) {
    throw new UserError(
      `one sample of input '${largest.name}' [${largest.dims.join(', ')}] is ${formatBytes(bytesOf(largest))}; all inputs together may have ${formatBytes(MAX_SAMPLE_BYTES)}`,
      { remedy: 'give smaller sizes with --dim' },
    );
  }
  const batched = inputs.filter((input) => input.batched);
  if (batched.length === 0) return 1;
  const affordable = Math.floor(MAX_BYTES / Math.max(1, sumBytes(batched)));
  return Math.max(1, Math.min(MAX_SAMPLES, affordable));
}

function sumBytes(inputs: readonly ResolvedInput[]): number {
  return inputs.reduce((sum, input) => sum + bytesOf(input), 0);
}

function bytesOf({ dims, type }: ResolvedInput): number {
  return elementCount(dims) * elementBytes(type);
}

interface Recipe {
  readonly text: string;
  readonly draw: (random: Random) => number;
}

function recipeFor(input: ResolvedInput, hints: readonly InputHint[]): Recipe {
  if (input.type.startsWith('float')) {
    return { text: 'standard normal', draw: (random) => random.normal() };
  }
  const hint = hints.find((one) => one.name === input.name);
  if (input.type === 'bool' || hint?.role === 'mask') return { text: 'all ones', draw: () => 1 };
  const limit = TYPE_LIMITS[input.type] ?? 2 ** 31;
  if (hint?.upperBound !== null && hint?.upperBound !== undefined) {
    return integers(Math.min(Math.max(1, hint.upperBound), limit));
  }
  // Bytes are pixels or quantized values: any of them is legal.
  if (input.type === 'uint8' || input.type === 'int8') return integers(limit);
  // What these integers mean cannot be seen: zeros and ones are legal nearly everywhere.
  return integers(2);
}

/** One above the largest value of a type; beyond it a draw would wrap round. */
const TYPE_LIMITS: Readonly<Partial<Record<NumericType, number>>> = Object.freeze({
  int8: 2 ** 7,
  uint8: 2 ** 8,
  int16: 2 ** 15,
  uint16: 2 ** 16,
});

function integers(bound: number): Recipe {
  return { text: `integers from 0 to ${bound - 1}`, draw: (random) => random.integer(bound) };
}

function fill(
  type: NumericType,
  length: number,
  source: { readonly recipe: Recipe; readonly random: Random },
): NumericArray {
  const draw = (): number => source.recipe.draw(source.random);
  if (type === 'int64') return BigInt64Array.from({ length }, () => BigInt(draw()));
  if (type === 'uint64') return BigUint64Array.from({ length }, () => BigInt(draw()));
  if (type === 'float16') {
    return new Uint16Array(Float16Array.from({ length }, draw).buffer);
  }
  const data = viewElements(type, new ArrayBuffer(length * elementBytes(type)), 0, length);
  for (let index = 0; index < length; index += 1) data[index] = draw();
  return data;
}

import { createRandom, type Random } from '../../engine/base/random.ts';
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

export interface RandomData {
  readonly count: number;
  readonly inputs: readonly DatasetInput[];
  /** How each input was filled, for the report. */
  readonly description: string;
}

/** Invents seeded inputs of the right type, shape and range; at most 64 samples or 64 MiB. */
export function createRandomData(
  inputs: readonly ResolvedInput[],
  hints: readonly InputHint[],
  seed: number,
): RandomData {
  const sampleBytes = inputs
    .filter((input) => input.batched)
    .reduce((sum, input) => sum + elementCount(input.dims) * elementBytes(input.type), 0);
  const count = Math.max(
    1,
    Math.min(MAX_SAMPLES, Math.floor(MAX_BYTES / Math.max(1, sampleBytes))),
  );
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
  if (hint?.upperBound !== null && hint?.upperBound !== undefined) {
    return integers(Math.max(1, hint.upperBound));
  }
  if (input.type === 'uint8') return integers(256);
  if (input.type === 'int8') return integers(128);
  // What these integers mean cannot be seen: zeros and ones are legal nearly everywhere.
  return integers(2);
}

function integers(bound: number): Recipe {
  return {
    text: `integers from 0 to ${bound - 1}`,
    draw: (random) => random.integer(Math.min(bound, 2 ** 31)),
  };
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

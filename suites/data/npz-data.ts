import { UserError } from '../../engine/base/errors.ts';
import type { DatasetInput } from './dataset.ts';
import type { DataShapes, ResolvedInput } from './model-inputs.ts';
import type { NpyArray } from './npz.ts';

/** Class index per sample. */
const LABELS = '__labels';

export interface NpzData {
  readonly count: number;
  readonly inputs: readonly DatasetInput[];
  readonly labels: Int32Array | null;
}

/** The arrays' shapes, to settle the model's open dimensions by. */
export function shapesOf(arrays: ReadonlyMap<string, NpyArray>): DataShapes {
  return new Map([...arrays].map(([name, array]) => [name, array.dims]));
}

/**
 * Matches the arrays of a file with the model's inputs. Throws UserError that
 * names the array and what it must be. Names that start with `__` belong to
 * nobody but `__labels`.
 */
export function matchNpz(
  arrays: ReadonlyMap<string, NpyArray>,
  inputs: readonly ResolvedInput[],
  path: string,
): NpzData {
  const names = inputs.map((input) => `'${input.name}'`).join(', ');
  const unknown = [...arrays.keys()].find(
    (name) => !name.startsWith('__') && !inputs.some((input) => input.name === name),
  );
  if (unknown !== undefined) {
    throw new UserError(`array '${unknown}' in ${path} is no input of the model`, {
      remedy: `its inputs are ${names}`,
    });
  }
  const matched = inputs.map((input) => matchArray(arrays.get(input.name), input, path));
  const count = sampleCount(matched, path);
  const labels = arrays.get(LABELS);
  return {
    count,
    inputs: matched.map(({ input }) => input),
    labels: labels === undefined ? null : parseLabels(labels, count, path),
  };
}

interface MatchedArray {
  readonly input: DatasetInput;
  /** Rows of a batched input; null when the array is the same for every sample. */
  readonly samples: number | null;
}

function matchArray(array: NpyArray | undefined, input: ResolvedInput, path: string): MatchedArray {
  const wanted = `${input.type}[${[...(input.batched ? ['samples'] : []), ...input.dims].join(', ')}]`;
  if (array === undefined) {
    throw new UserError(`${path} has no array for the input '${input.name}'`, {
      remedy: `add one: ${wanted}`,
    });
  }
  const dims = input.batched ? array.dims.slice(1) : array.dims;
  const rank = input.dims.length + (input.batched ? 1 : 0);
  const fits =
    array.type === input.type &&
    array.dims.length === rank &&
    dims.every((dim, axis) => dim === input.dims[axis]);
  if (!fits) {
    throw new UserError(
      `array '${input.name}' in ${path} is ${array.type}[${array.dims.join(', ')}], the model wants ${wanted}`,
      { remedy: 'convert it with NumPy (astype, reshape) and save it again' },
    );
  }
  const samples = input.batched ? (array.dims[0] ?? 0) : null;
  return { input: { ...input, data: array.data }, samples };
}

function sampleCount(matched: readonly MatchedArray[], path: string): number {
  const batched = matched.filter(({ samples }) => samples !== null);
  const [first] = batched;
  if (first === undefined) return 1;
  const count = first.samples ?? 0;
  const other = batched.find(({ samples }) => samples !== count);
  if (other !== undefined) {
    throw new UserError(
      `${path} has ${count} samples of '${first.input.name}' but ${other.samples} of '${other.input.name}'`,
      { remedy: 'save the same number of samples of every input' },
    );
  }
  if (count === 0) {
    throw new UserError(`${path} has no samples: '${first.input.name}' has no rows`, {
      remedy: 'save at least one sample of every input',
    });
  }
  return count;
}

/** Labels are kept as int32. */
const MAX_LABEL = 2 ** 31 - 1;

function parseLabels(array: NpyArray, count: number, path: string): Int32Array {
  if (array.dims.length !== 1 || array.dims[0] !== count) {
    throw new UserError(
      `'${LABELS}' in ${path} has the shape [${array.dims.join(', ')}], it must be [${count}]: one class index per sample`,
      { remedy: `save one class index per sample, or leave '${LABELS}' out` },
    );
  }
  const labels = Array.from(array.data as ArrayLike<number | bigint>, Number);
  const wrong = labels.find((label) => !Number.isInteger(label) || label < 0 || label > MAX_LABEL);
  if (wrong !== undefined || array.type.startsWith('float')) {
    throw new UserError(
      `'${LABELS}' in ${path} must hold class indices, integers from 0, not ${wrong ?? array.type}`,
      { remedy: 'number the classes from 0, and save labels.astype(np.int32)' },
    );
  }
  return Int32Array.from(labels);
}

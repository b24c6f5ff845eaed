import { floatsOf, isFloat } from '../../engine/artifacts/tensor-values.ts';
import { UsageError, UserError } from '../../engine/base/errors.ts';
import type { ValueDescription } from '../../engine/graph/describe.ts';
import type { NumericArray } from '../../engine/runtime/tensor.ts';
import type { Dataset } from './dataset.ts';

/**
 * Looks at every sample before a variant is made from them. Throws UserError for a
 * value that no arithmetic survives, and for calibration samples that all are one
 * value. Gives warnings for what may be meant so. Reads the data once.
 */
export async function checkSamples(
  dataset: Dataset,
  options: {
    readonly path: string;
    /** The samples that ranges are fitted to; null where none are. */
    readonly calibration: { readonly start: number; readonly end: number } | null;
  },
): Promise<string[]> {
  const { path, calibration } = options;
  const inputs = new Map<string, InputTotals>();
  for (let sample = 0; sample < dataset.count; sample += 1) {
    for (const [name, tensor] of Object.entries(await dataset.read(sample, 1))) {
      const floats = isFloat(tensor) ? floatsOf(tensor) : null;
      const totals = inputs.get(name) ?? { float: floats !== null, size: 0, ...EMPTY };
      inputs.set(name, totals);
      if (floats !== null) checkFinite(floats, totals, { name, path, sample });
      if (calibration === null || sample < calibration.start || sample >= calibration.end) continue;
      addSpan(floats ?? (tensor.data as NumericArray), totals);
    }
  }
  return calibration === null ? [] : constantInputs(inputs, path);
}

interface InputTotals {
  readonly float: boolean;
  /** Elements of a sample. */
  size: number;
  /** Of the samples that calibrate. */
  least: number;
  most: number;
  /** Where minus infinity was seen first; and whether anything above 0 was seen. */
  infiniteAt: number | null;
  isPositive: boolean;
}

const EMPTY = { least: Infinity, most: -Infinity, infiniteAt: null, isPositive: false } as const;

/**
 * NaN and infinity spoil every product that they enter. An additive mask is the
 * exception: minus infinity in an input that has nothing above 0.
 */
function checkFinite(
  values: ArrayLike<number>,
  totals: InputTotals,
  at: { readonly name: string; readonly path: string; readonly sample: number },
): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (value > 0) totals.isPositive = true;
    if (Number.isFinite(value)) continue;
    if (value !== -Infinity) throw notFinite(value, at);
    totals.infiniteAt ??= at.sample;
  }
  if (totals.infiniteAt === null || !totals.isPositive) return;
  throw notFinite(-Infinity, { ...at, sample: totals.infiniteAt });
}

function notFinite(
  value: number,
  { name, path, sample }: { readonly name: string; readonly path: string; readonly sample: number },
): UserError {
  const found = Number.isNaN(value) ? 'NaN' : value > 0 ? 'infinity' : 'minus infinity';
  return new UserError(`'${name}' in ${path} has ${found} in sample ${sample}, counted from 0`, {
    remedy: 'repair that sample or leave it out; np.isfinite finds all of them',
  });
}

function addSpan(values: ArrayLike<number | bigint>, totals: InputTotals): void {
  totals.size = values.length;
  for (let index = 0; index < values.length; index += 1) {
    const value = Number(values[index]);
    if (value < totals.least) totals.least = value;
    if (value > totals.most) totals.most = value;
  }
}

/** A mask may be all ones; data of which nothing varies says nothing about other data. */
function constantInputs(inputs: ReadonlyMap<string, InputTotals>, path: string): string[] {
  const constant = [...inputs].filter(([, { least, most }]) => least === most);
  const [first] = constant;
  if (first !== undefined && constant.length === inputs.size) {
    const [name, { least }] = first;
    throw new UserError(
      `all values of '${name}' in ${path} that calibrate are ${least}: ranges fitted to one value fit no other`,
      { remedy: 'give samples as the model sees them in use; those at the end calibrate' },
    );
  }
  // One number a sample is a parameter rather than data.
  return constant
    .filter(([, { float, size }]) => float && size > 1)
    .map(
      ([name, { least }]) =>
        `all values of '${name}' that calibrate are ${least}: what else it may be is not in its range`,
    );
}

/** Throws UserError for labels that the model's first output has no class for. */
export function checkLabels(
  labels: Int32Array,
  output: ValueDescription | undefined,
  path: string,
): void {
  const classes = output?.dims?.at(-1);
  if (output === undefined || output.dims === null) return;
  if (!hasClasses(output)) {
    throw new UserError(
      `labels were given, but the model's first output '${output.name}' is not [samples, classes]`,
      { remedy: 'leave __labels out of the data, or give a classifier' },
    );
  }
  if (typeof classes !== 'number') return;
  const sample = labels.findIndex((label) => label >= classes);
  if (sample === -1) return;
  throw new UserError(
    `'__labels' in ${path} has class ${labels[sample]} for sample ${sample}, and the model's output '${output.name}' has the classes 0 to ${classes - 1}`,
    { remedy: 'number the classes as the model does, from 0' },
  );
}

/** Throws UsageError where `--min-accuracy` was given and samples have no labels. */
export function checkLabelled(hasLabels: boolean): void {
  if (hasLabels) return;
  throw new UsageError('--min-accuracy needs labels, and the data has none', {
    remedy: 'give --data with an array __labels, one class index per sample',
  });
}

/** Whether an output may be [samples, classes]; one of unknown shape may. */
export function hasClasses({ dims }: ValueDescription): boolean {
  return dims === null || (dims.length === 2 && dims[1] !== 0 && dims[1] !== 1);
}

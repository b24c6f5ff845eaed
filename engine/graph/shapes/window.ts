import type { Dim } from '../describe.ts';
import { everyOne } from './elementwise.ts';
import type { Inference, Inferences, Operator } from './operator.ts';
import { shaped } from './value-shape.ts';

/** Convolution and pooling: [batch, channels, ...spatial]. */

/** What slides over one spatial axis. */
interface Window {
  readonly kernel: Dim;
  readonly stride: number;
  readonly dilation: number;
  /** Begin and end together. */
  readonly pads: number;
}

export const convolution: Inference = (op) => convolved(op, 1, op.type(0));

/** `weightIndex`: which input holds the weights, [out, in / group, ...kernel]. */
function convolved(op: Operator, weightIndex: number, type: string | null): ReturnType<Inference> {
  const [data, weights] = [op.dims(0), op.dims(weightIndex)];
  const rank = data?.length ?? weights?.length;
  if (rank === undefined || rank < 3) return shaped(type, null);
  const kernel = op.ints('kernel_shape') ?? weights?.slice(2) ?? [];
  const spatial = slide(op, data ?? Array.from({ length: rank }, () => null), kernel);
  return shaped(type, [data?.[0] ?? null, weights?.[0] ?? null, ...spatial]);
}

const pooling: Inference = (op) => {
  const data = op.dims(0);
  const kernel = op.ints('kernel_shape');
  if (data === null || data.length < 3 || kernel === null) return shaped(op.type(0), null);
  const dims = [data[0] ?? null, data[1] ?? null, ...slide(op, data, kernel)];
  return op.node.opType === 'MaxPool'
    ? [shaped(op.type(0), dims), shaped('int64', dims)]
    : shaped(op.type(0), dims);
};

const globalPooling: Inference = (op) =>
  shaped(op.type(0), op.dims(0)?.map((dim, index) => (index < 2 ? dim : 1)) ?? null);

function slide(op: Operator, data: readonly Dim[], kernel: readonly Dim[]): readonly Dim[] {
  const windows = windowsOf(op, kernel);
  return data.slice(2).map((dim, index) => {
    const window = windows[index];
    return window === undefined ? null : slideAxis(op, dim, window);
  });
}

function windowsOf(op: Operator, kernel: readonly Dim[]): readonly Window[] {
  const count = kernel.length;
  const pads = op.ints('pads');
  const isExplicit = op.text('auto_pad', 'NOTSET') === 'NOTSET';
  return kernel.map((size, axis) => ({
    kernel: size,
    stride: op.ints('strides')?.[axis] ?? 1,
    dilation: op.ints('dilations')?.[axis] ?? 1,
    pads: isExplicit ? (pads?.[axis] ?? 0) + (pads?.[axis + count] ?? 0) : 0,
  }));
}

function slideAxis(op: Operator, dim: Dim, window: Window): Dim {
  const { algebra } = op;
  const { stride, kernel, dilation, pads } = window;
  if (!(stride >= 1)) return null;
  if (op.text('auto_pad', 'NOTSET').startsWith('SAME')) {
    if (stride === 1) return dim;
    return typeof dim === 'number' ? Math.ceil(dim / stride) : null;
  }
  const reach = algebra.multiply(dilation, algebra.subtract(kernel, 1));
  const free = algebra.subtract(algebra.add(dim, pads), algebra.add(reach, 1));
  if (stride === 1) return algebra.add(free, 1);
  if (typeof free !== 'number') return null;
  // Whether a last window that begins in the padding counts changed over the opsets.
  if (op.int('ceil_mode', 0) !== 0 && free % stride !== 0) return null;
  return Math.floor(free / stride) + 1;
}

const transposedConvolution: Inference = (op) => {
  const [data, weights] = [op.dims(0), op.dims(1)];
  if (data === null || data.length < 3) return shaped(op.type(0), null);
  const channels = op.algebra.multiply(weights?.[1] ?? null, op.int('group', 1));
  const kernel = op.ints('kernel_shape') ?? weights?.slice(2) ?? [];
  const spatial = spread(op, data, kernel);
  return shaped(op.type(0), [data[0] ?? null, channels, ...spatial]);
};

function spread(op: Operator, data: readonly Dim[], kernel: readonly Dim[]): readonly Dim[] {
  const { algebra } = op;
  const wanted = op.ints('output_shape') ?? [];
  const isSame = op.text('auto_pad', 'NOTSET').startsWith('SAME');
  const extra = op.ints('output_padding');
  const found = windowsOf(op, kernel);
  return data.slice(2).map((dim, axis) => {
    const window = found[axis];
    if (wanted.length > 0) return wanted.at(axis - data.length + 2) ?? null;
    if (isSame || window === undefined) return null;
    const { kernel: size, stride, dilation, pads } = window;
    const begins = algebra.multiply(stride, algebra.subtract(dim, 1));
    const reach = algebra.add(algebra.multiply(dilation, algebra.subtract(size, 1)), 1);
    const full = algebra.add(algebra.add(begins, reach), extra?.[axis] ?? 0);
    return algebra.subtract(full, pads);
  });
}

export const windows: Inferences = {
  ...everyOne('AveragePool LpPool MaxPool', pooling),
  ...everyOne('GlobalAveragePool GlobalLpPool GlobalMaxPool', globalPooling),
  Conv: convolution,
  ConvInteger: (op) => convolved(op, 1, 'int32'),
  ConvTranspose: transposedConvolution,
  DeformConv: convolution,
  // X, its scale and zero point, then W; the zero point of the output has its type.
  QLinearConv: (op) => convolved(op, 3, op.type(7)),
};

import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, weights } from './check-pass.ts';

/** A product, its bias, a residual Add and a normalization of 8 entries. */
export interface SkipForm {
  readonly norm?: 'LayerNormalization' | 'SimplifiedLayerNormalization' | 'RMSNormalization';
  readonly opset?: number;
  readonly axis?: number;
  /** Of x as the model declares it. */
  readonly declared?: readonly Dim[] | null;
  /** Another input by its dims, or a constant; by default x itself. */
  readonly skip?: { readonly dims: readonly Dim[]; readonly isConstant?: boolean };
  readonly isSkipFirst?: boolean;
  /** What is added to the product before the skip; null for nothing. */
  readonly bias?: readonly number[] | null;
  readonly isBiasOnSkip?: boolean;
  readonly scale?: readonly number[];
  readonly scaleIs?: 'constant' | 'fed';
  /** Null for none. */
  readonly shift?: readonly number[] | null;
  /** What else goes on from there. */
  readonly exposed?: 'sum' | 'sum by Neg' | 'biased' | 'mean';
}

export function skipModel(form: SkipForm): OnnxModel {
  const { opset = 17, norm = 'LayerNormalization', axis = -1, exposed } = form;
  const builder = new ModelBuilder({ name: 'g', opset });
  const declared = form.declared === undefined ? ['N', 'S', 8] : form.declared;
  builder.input('x', 'float32', declared);
  const product = builder.node('MatMul', ['x', builder.initializer('w', weights([8, 8]))]);
  const skip = addSkip(builder, form);
  const [input, residual] =
    form.isBiasOnSkip === true
      ? [product, addBias(builder, skip, form)]
      : [addBias(builder, product, form), skip];
  const operands = form.isSkipFirst === true ? [residual, input] : [input, residual];
  const sum = builder.node('Add', operands, { outputs: ['sum'] });
  builder.node(norm, [sum, ...addConstants(builder, form)], {
    attributes: { axis: { int: axis }, epsilon: { float: 1e-6 } },
    outputs: exposed === 'mean' ? ['y', 'mean'] : ['y'],
  });
  builder.output('y', 'float32', null);
  if (exposed === 'sum by Neg') builder.output(builder.node('Neg', ['sum']), 'float32', null);
  else if (exposed !== undefined) builder.output(exposed, 'float32', null);
  return builder.build();
}

function addSkip(builder: ModelBuilder, { skip }: SkipForm): string {
  if (skip === undefined) return 'x';
  if (skip.isConstant !== true) return builder.input('skip', 'float32', skip.dims);
  return builder.initializer('skip', weights(skip.dims.map(Number), 21));
}

function addBias(builder: ModelBuilder, value: string, { bias = null }: SkipForm): string {
  if (bias === null) return value;
  const constant = builder.initializer('bias', weights(bias, 4));
  return builder.node('Add', [value, constant], { outputs: ['biased'] });
}

function addConstants(builder: ModelBuilder, form: SkipForm): string[] {
  const { norm = 'LayerNormalization', scale = [8], scaleIs = 'constant' } = form;
  const { shift = norm === 'LayerNormalization' ? [8] : null } = form;
  const name =
    scaleIs === 'fed'
      ? builder.input('scale', 'float32', scale)
      : builder.initializer('scale', weights(scale, 6));
  return shift === null ? [name] : [name, builder.initializer('shift', weights(shift, 7))];
}

/** Feeds for x of these dims; the skip, where it is an input, of its own. */
export function skipFeeds(form: SkipForm, dims: readonly number[]): Tensors {
  const isFed = form.skip !== undefined && form.skip.isConstant !== true;
  const length = dims.at(-2) ?? 1;
  const sizes = new Map<Dim, number>([
    ['N', dims[0] ?? 1],
    ['S', length],
    ['T', length],
  ]);
  const skip = (form.skip?.dims ?? []).map((dim, axis) =>
    typeof dim === 'number' ? dim : (sizes.get(dim) ?? dims[axis] ?? 1),
  );
  return {
    x: normal(dims),
    ...(isFed ? { skip: normal(skip, 3) } : {}),
    ...(form.scaleIs === 'fed' ? { scale: normal(form.scale ?? [8], 5) } : {}),
  };
}

/** Samples, lengths, and one of each. */
export const SIZES = [
  [1, 1, 8],
  [1, 5, 8],
  [3, 1, 8],
  [4, 5, 8],
] as const;

const OTHER_SHAPE = 'the two summands are not known to have one shape';

/** What both operators leave alone, with dims to feed, and why; null: nothing is said. */
export const LEFT_ALONE: readonly (readonly [
  string,
  SkipForm,
  readonly number[],
  string | null,
])[] = [
  ['a skip of one row', { skip: { dims: [1, 8] } }, [2, 3, 8], OTHER_SHAPE],
  ['a skip of each sample', { skip: { dims: ['N', 1, 8] } }, [2, 3, 8], OTHER_SHAPE],
  ['a skip of another length', { skip: { dims: ['N', 'T', 8] } }, [2, 3, 8], OTHER_SHAPE],
  ['a skip of one entry', { skip: { dims: ['N', 'S', 1] } }, [2, 3, 8], OTHER_SHAPE],
  ['a skip of unknown dims', { skip: { dims: [null, null, 8] } }, [2, 3, 8], OTHER_SHAPE],
  [
    'four axes',
    { declared: ['N', 2, 'S', 8] },
    [2, 2, 3, 8],
    'it is not known to have two or three axes',
  ],
  ['an unknown shape', { declared: null }, [2, 3, 8], 'the size of the last axis is not known'],
  [
    'two axes at once',
    { declared: ['N', 3, 8], axis: 1, scale: [3, 8], shift: null },
    [2, 3, 8],
    'it normalizes more than the last axis',
  ],
  [
    'a factor that is fed',
    { scaleIs: 'fed' },
    [2, 3, 8],
    'its factor or summand is not one float32 constant for each entry of the last axis',
  ],
  ['the Add of a bias alone', { skip: { dims: [8], isConstant: true } }, [2, 3, 8], null],
];

import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { weights } from './check-pass.ts';

/** A product, the Add of a bias and a Gelu. */
export interface BiasedGelu {
  /** Of the last node; with a dot the domain before it. */
  readonly opType?: 'Gelu' | 'com.microsoft.Gelu' | 'com.microsoft.FastGelu';
  /** Of `ai.onnx`'s Gelu. */
  readonly approximate?: 'none' | 'tanh';
  /** Of x as the model declares it. */
  readonly declared?: readonly Dim[] | null;
  readonly bias?: readonly number[];
  readonly isBiasFirst?: boolean;
  readonly biasIs?: 'constant' | 'fed' | 'default';
  /** Who uses the sum too. */
  readonly sumIs?: 'an output' | 'used elsewhere';
}

/** Takes x of [..., 8] and gives y of [..., 16]. */
export function biasedGeluModel(form: BiasedGelu): OnnxModel {
  const { opType = 'com.microsoft.Gelu', declared = ['N', 'S', 8], sumIs } = form;
  const builder = new ModelBuilder({ name: 'g', opset: 20, domains: { 'com.microsoft': 1 } });
  builder.input('x', 'float32', declared);
  const product = builder.node('MatMul', ['x', builder.initializer('w', weights([8, 16]))]);
  const bias = addBias(builder, form);
  const operands = form.isBiasFirst === true ? [bias, product] : [product, bias];
  const sum = builder.node('Add', operands, { outputs: ['sum'] });
  const [domain, name] = opType.startsWith('com.')
    ? ['com.microsoft', opType.slice(14)]
    : ['', opType];
  const approximate = form.approximate ?? 'none';
  builder.node(name, [sum], {
    domain,
    outputs: ['y'],
    attributes: domain === '' ? { approximate: { string: approximate } } : {},
  });
  builder.output('y', 'float32', null);
  if (sumIs === 'an output') builder.output('sum', 'float32', null);
  if (sumIs === 'used elsewhere') builder.output(builder.node('Neg', ['sum']), 'float32', null);
  return builder.build();
}

function addBias(builder: ModelBuilder, { bias = [16], biasIs = 'constant' }: BiasedGelu): string {
  if (biasIs !== 'constant') builder.input('b', 'float32', bias);
  return biasIs === 'fed' ? 'b' : builder.initializer('b', weights(bias, 9));
}

export const TAKEN_IN: readonly (readonly [string, BiasedGelu])[] = [
  ['the bias of a product', {}],
  ['a bias that comes first', { isBiasFirst: true }],
  ['a bias of one row', { bias: [1, 1, 16] }],
  ['a product of a fixed shape', { declared: [2, 3, 8] }],
];

const NO_BIAS = 'its summand is not known to be one float32 for each entry of the last axis';

/** What looks like it, and why it is left alone; null: nothing is said of it. */
export const LEFT_ALONE: readonly (readonly [string, BiasedGelu, string | null])[] = [
  ['a sum that is an output', { sumIs: 'an output' }, 'the sum before it is used elsewhere too'],
  [
    'a sum with other users',
    { sumIs: 'used elsewhere' },
    'the sum before it is used elsewhere too',
  ],
  ['a bias of one number', { bias: [] }, NO_BIAS],
  ['a bias of each row', { bias: [3, 16], declared: ['N', 3, 8] }, NO_BIAS],
  ['a bias with more axes', { bias: [1, 1, 1, 16] }, NO_BIAS],
  ['a product of unknown rank', { declared: null }, NO_BIAS],
  ['a bias that is fed', { biasIs: 'fed' }, null],
  ['a bias that may be fed', { biasIs: 'default' }, null],
];

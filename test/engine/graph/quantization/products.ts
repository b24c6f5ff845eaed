import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, weights } from '../passes/check-pass.ts';

/** A model `y = x W (+ b)` of one MatMul or Gemm, and something around it. */
export interface ProductCase {
  readonly op?: 'MatMul' | 'Gemm';
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Dims of x as it is fed. */
  readonly x?: readonly number[];
  /** Dims of x as the model declares them; all free by default. */
  readonly declared?: readonly Dim[] | null;
  readonly weight?: readonly number[];
  /** Gemm's C. */
  readonly c?: readonly number[];
  /** Summand after the product. */
  readonly add?: readonly number[];
  readonly weightIs?: 'constant' | 'fed' | 'default' | 'output' | 'used elsewhere';
  readonly biasIs?: 'constant' | 'fed' | 'default';
  readonly productIsOutput?: boolean;
  /** Values of the weights; standard normal by default. */
  readonly data?: Float32Array;
}

export interface ProductModel {
  readonly model: OnnxModel;
  readonly feeds: Tensors;
}

export function productModel(options: ProductCase = {}): ProductModel {
  const { op = 'MatMul', x = [5, 64], weight = [64, 48], weightIs = 'constant' } = options;
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const feeds: Record<string, Tensors[string]> = { x: normal(x) };
  const declared =
    options.declared === undefined ? x.map((_, axis) => `D${axis}`) : options.declared;
  builder.input('x', 'float32', declared);
  addWeight(builder, options, { weight, feeds });
  const c = addBias(builder, 'c', options.c, { options, feeds });
  const product = builder.node(op, ['x', 'w', ...c], {
    name: 'product',
    attributes: options.attributes ?? {},
    outputs: ['p'],
  });
  const summand = addBias(builder, 'b', options.add, { options, feeds });
  const last = summand.length === 0 ? product : builder.node('Add', [product, ...summand]);
  builder.node('Identity', [last], { outputs: ['y'] });
  builder.output('y', 'float32', null);
  if (options.productIsOutput === true) builder.output(product, 'float32', null);
  if (weightIs === 'output') builder.output('w', 'float32', null);
  if (weightIs === 'used elsewhere') {
    builder.node('Neg', ['w'], { outputs: ['n'] });
    builder.output('n', 'float32', null);
  }
  return { model: builder.build(), feeds };
}

interface Around {
  readonly feeds: Record<string, Tensors[string]>;
}

function addWeight(
  builder: ModelBuilder,
  { weightIs = 'constant', data }: ProductCase,
  { weight, feeds }: Around & { readonly weight: readonly number[] },
): void {
  const content = weights(weight);
  if (weightIs === 'fed') feeds['w'] = normal(weight, 2);
  else builder.initializer('w', data === undefined ? content : { ...content, data });
  if (weightIs === 'fed' || weightIs === 'default') builder.input('w', 'float32', weight);
}

function addBias(
  builder: ModelBuilder,
  name: string,
  dims: readonly number[] | undefined,
  { options: { biasIs = 'constant' }, feeds }: Around & { readonly options: ProductCase },
): string[] {
  if (dims === undefined) return [];
  if (biasIs === 'fed') feeds[name] = normal(dims, 5);
  else builder.initializer(name, weights(dims, 5));
  if (biasIs !== 'constant') builder.input(name, 'float32', dims);
  return [name];
}

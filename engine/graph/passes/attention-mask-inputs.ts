import { createAttribute } from '../create-attribute.ts';
import type { Dim } from '../describe.ts';
import { elementTypeNumber } from '../element-type.ts';
import type { IrGraph, IrValue } from '../ir/ir.ts';
import type { AttentionFacts } from './attention-facts.ts';
import type { AttentionMask } from './attention-mask.ts';
import type { ShapesOf } from './mask-axes.ts';

/**
 * Makes of masks what the runtime's operators take. Each once, however many layers
 * use it, beside where it comes from.
 */
export class MaskInputs {
  readonly #shapesOf: ShapesOf;
  readonly #keys = new Map<IrValue, Map<boolean, IrValue>>();
  readonly #biases = new Map<IrValue, IrValue>();
  readonly #seen = new Map<IrValue, Map<boolean, IrValue>>();
  readonly #opset: number;

  constructor({ shapesOf, opset }: AttentionFacts) {
    this.#shapesOf = shapesOf;
    this.#opset = opset;
  }

  /** `[batch, key]` of int32, above 0 where the key counts; null where all do. */
  keyMask({ keys }: AttentionMask): IrValue | null {
    if (keys === null) return null;
    const { table, isNegated } = keys;
    const known = this.#keys.get(table)?.get(isNegated);
    if (known !== undefined) return known;
    const isBoolean = this.#shapesOf(table).type === 'bool';
    const asked = isBoolean ? table : addCast(table, 'bool');
    const counted = isNegated
      ? table.graph.addNode({ opType: 'Not', inputs: [asked] }).output
      : asked;
    const mask = addCast(counted, 'int32');
    const byNegation = this.#keys.get(table) ?? new Map<boolean, IrValue>();
    this.#keys.set(table, byNegation.set(isNegated, mask));
    return mask;
  }

  /**
   * `[batch, query or 1, 1]` of bool: whether the query sees a key that counts. Null
   * where it need not be known.
   */
  seen(mask: AttentionMask): IrValue | null {
    const keys = mask.emptyRows === 'unseen' ? this.keyMask(mask) : null;
    if (keys === null) return null;
    const known = this.#seen.get(keys)?.get(mask.isCausal);
    if (known !== undefined) return known;
    const { graph } = keys;
    const count = mask.isCausal ? addRunningCount(keys) : addAny(keys, this.#opset);
    const inputs = [addCast(count, 'bool'), addIntegers(graph, 'each_sample', [0, 0, 1])];
    const seen = graph.addNode({ opType: 'Reshape', inputs }).output;
    const byKind = this.#seen.get(keys) ?? new Map<boolean, IrValue>();
    this.#seen.set(keys, byKind.set(mask.isCausal, seen));
    return seen;
  }

  /**
   * The bias with a row for each query: the operators repeat it along batch and heads
   * only. `scores`: dims `[batch, heads, query, key]`.
   */
  bias({ bias }: AttentionMask, scores: readonly Dim[]): IrValue | null {
    const dims = bias === null ? null : this.#shapesOf(bias).dims;
    if (bias === null || dims === null) return null;
    if (dims.length === 4 && dims[2] === scores[2]) return bias;
    const known = this.#biases.get(bias);
    if (known !== undefined) return known;
    const target = addTarget(bias, dims);
    const made = bias.graph.addNode({ opType: 'Expand', inputs: [bias, target] }).output;
    this.#biases.set(bias, made);
    return made;
  }
}

function addCast(value: IrValue, type: string): IrValue {
  const to = createAttribute('to', { int: elementTypeNumber(type) });
  return value.graph.addNode({
    opType: 'Cast',
    inputs: [value],
    outputs: [value.graph.addFreshValue(`${value.name}_${type}`)],
    attributes: new Map([['to', to]]),
  }).output;
}

/** `[1, 1, L, 1]`, with the last of the dims as L. */
function addTarget(value: IrValue, dims: readonly Dim[]): IrValue {
  const { graph } = value;
  const length = dims.at(-1);
  if (typeof length === 'number') return addIntegers(graph, 'mask_shape', [1, 1, length, 1]);
  const shape = graph.addNode({ opType: 'Shape', inputs: [value] }).output;
  const attributes = new Map([['axis', createAttribute('axis', { int: 0 })]]);
  const place = addIntegers(graph, 'last_axis', [dims.length - 1]);
  const last = graph.addNode({ opType: 'Gather', inputs: [shape, place], attributes }).output;
  const inputs = [addIntegers(graph, 'ones', [1, 1]), last, addIntegers(graph, 'one', [1])];
  return graph.addNode({ opType: 'Concat', inputs, attributes }).output;
}

/** For each query, how many keys count up to its own. */
function addRunningCount(keys: IrValue): IrValue {
  const inputs = [keys, addIntegers(keys.graph, 'key_axis', [1])];
  return keys.graph.addNode({ opType: 'CumSum', inputs }).output;
}

/** Above 0 where any key counts. Axes are an input of ReduceMax since opset 18. */
function addAny(keys: IrValue, opset: number): IrValue {
  const { graph } = keys;
  if (opset >= 18) {
    const inputs = [keys, addIntegers(graph, 'key_axis', [1])];
    return graph.addNode({ opType: 'ReduceMax', inputs }).output;
  }
  const attributes = new Map([['axes', createAttribute('axes', { ints: [1] })]]);
  return graph.addNode({ opType: 'ReduceMax', inputs: [keys], attributes }).output;
}

function addIntegers(graph: IrGraph, name: string, numbers: readonly number[]): IrValue {
  const data = BigInt64Array.from(numbers, BigInt);
  return graph.addInitializer(name, { type: 'int64', dims: [numbers.length], data });
}

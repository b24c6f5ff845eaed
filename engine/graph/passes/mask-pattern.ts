import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { isFilledWith } from '../tensor-values.ts';
import { broadcastAxes, sourceOf, type AxisMap, type ShapesOf } from './mask-axes.ts';
import { IndexReader, moveSum, type IndexSum } from './mask-index-pattern.ts';
import { moveLookup, readLookup, type Lookup } from './mask-lookup-pattern.ts';
import { readTriangle } from './mask-triangle.ts';

/**
 * What must hold for a score to count: all of these. `order`: the sum is not above 0,
 * as in `key - query <= 0`; `lookup`: the table has something else than 0 there.
 */
export type Condition =
  | { readonly kind: 'order'; readonly sum: IndexSum }
  | { readonly kind: 'lookup'; readonly lookup: Lookup; readonly isNegated: boolean };

/** Null where it is none that is known. */
type Read = readonly Condition[] | null;

/** Exporters join three conditions in a dozen nodes; more of either is not read. */
const MAX_DEPTH = 32;
const MAX_CONDITIONS = 8;

/** `left` and `right` as `smaller <= larger`, or `<`. */
const COMPARISONS: ReadonlyMap<string, { readonly swaps: boolean; readonly isStrict: boolean }> =
  new Map([
    ['LessOrEqual', { swaps: false, isStrict: false }],
    ['Less', { swaps: false, isStrict: true }],
    ['GreaterOrEqual', { swaps: true, isStrict: false }],
    ['Greater', { swaps: true, isStrict: true }],
  ]);

/** Reads booleans that are computed from positions and from matrices of booleans. */
export class ConditionReader {
  readonly #shapesOf: ShapesOf;
  readonly #indices: IndexReader;
  readonly #length: Dim | undefined;
  /** Shared parts are read once, so that reading is O(nodes). */
  readonly #known = { plain: new Map<IrValue, Read>(), negated: new Map<IrValue, Read>() };

  /** `length`: how many queries and keys a constant triangle must have. */
  constructor(shapesOf: ShapesOf, length?: Dim) {
    this.#shapesOf = shapesOf;
    this.#length = length;
    this.#indices = new IndexReader(shapesOf);
  }

  /** Conditions by the axes of the value. */
  read(value: IrValue, isNegated = false, depth = 0): Read {
    if (depth === MAX_DEPTH) return null;
    const known = isNegated ? this.#known.negated : this.#known.plain;
    const before = known.get(value);
    if (before !== undefined) return before;
    const read = this.#readAnew(value, isNegated, depth);
    const conditions = read !== null && read.length > MAX_CONDITIONS ? null : read;
    known.set(value, conditions);
    return conditions;
  }

  #readAnew(value: IrValue, isNegated: boolean, depth: number): Read {
    const node = value.producer;
    if (node === null) return this.#readLeaf(value, isNegated);
    if (node.is('Not')) return this.#readInner(node, !isNegated, depth);
    if (node.is(isNegated ? 'Or' : 'And')) return this.#readBoth(node, isNegated, depth);
    const comparison = COMPARISONS.get(node.opType);
    const compared = comparison === undefined ? null : this.#readOrder(node, isNegated);
    if (compared !== null) return compared;
    const source = sourceOf(node, this.#shapesOf);
    const inner = source === null ? null : this.read(source.value, isNegated, depth + 1);
    if (source !== null && inner !== null) return moveAll(inner, source.axes);
    return this.#readLeaf(value, isNegated);
  }

  #readInner(node: IrNode, isNegated: boolean, depth: number): Read {
    const [inner = null] = node.inputs;
    return inner === null ? null : this.read(inner, isNegated, depth + 1);
  }

  #readBoth(node: IrNode, isNegated: boolean, depth: number): Read {
    const sides = node.inputs.map((side) => {
      const axes = side === null ? null : this.#broadcast(side, node.output);
      const read = side === null ? null : this.read(side, isNegated, depth + 1);
      return axes === null || read === null ? null : moveAll(read, axes);
    });
    return sides.every((side) => side !== null) ? sides.flat() : null;
  }

  #broadcast(from: IrValue, to: IrValue): AxisMap | null {
    return broadcastAxes(this.#shapesOf(from).dims, this.#shapesOf(to).dims);
  }

  /** A comparison of positions. */
  #readOrder(node: IrNode, isNegated: boolean): Read {
    const { swaps, isStrict } = COMPARISONS.get(node.opType) ?? { swaps: false, isStrict: false };
    const [a = null, b = null] = node.inputs;
    if (!node.is(node.opType) || a === null || b === null) return null;
    const [left, right] = [a, b].map((side) => this.#indices.readFor(side, node.output));
    if (left === null || left === undefined || right === null || right === undefined) return null;
    // Not (a <= b) is b < a.
    const isReversed = swaps !== isNegated;
    const sum = subtract(isReversed ? right : left, isReversed ? left : right);
    if (sum === null) return null;
    const bound = isStrict === isNegated ? sum : { ...sum, offset: sum.offset + 1 };
    return isAlwaysTrue(bound) ? [] : [{ kind: 'order', sum: bound }];
  }

  #readLeaf(value: IrValue, isNegated: boolean): Read {
    const constant = isNegated ? null : value.constant;
    if (constant !== null && isFilledWith(constant, 1)) return [];
    const triangle = readTriangle(value, this.#length, this.#shapesOf);
    if (triangle !== null) return this.#readCausal(value, (triangle.inside !== 0) !== isNegated);
    const lookup = readLookup(booleanSource(value), this.#indices, this.#shapesOf);
    return lookup === null ? null : [{ kind: 'lookup', lookup, isNegated }];
  }

  /** `key - query <= 0`, along the last two axes; other triangles are no mask. */
  #readCausal(value: IrValue, isCausal: boolean): Read {
    const rank = this.#shapesOf(value).dims?.length;
    if (rank === undefined || !isCausal) return null;
    const steps = Array.from({ length: rank }, (_, axis) => {
      return axis === rank - 1 ? 1 : axis === rank - 2 ? -1 : 0;
    });
    return [{ kind: 'order', sum: { steps, offset: 0 } }];
  }
}

/** A Cast to bool asks whether something else than 0 stands there, as a look-up does. */
function booleanSource(value: IrValue): IrValue {
  const [inner = null] = value.producer?.is('Cast') === true ? value.producer.inputs : [];
  return inner ?? value;
}

interface NumericSum extends IndexSum {
  readonly steps: readonly number[];
  readonly offset: number;
}

function subtract(a: IndexSum, b: IndexSum): NumericSum | null {
  const steps = a.steps.map((step, axis) => difference(step, b.steps[axis] ?? 0));
  const offset = difference(a.offset, b.offset);
  return offset === null || !steps.every((step) => step !== null) ? null : { steps, offset };
}

function difference(a: number | string, b: number | string): number | null {
  if (a === b) return 0;
  return typeof a === 'number' && typeof b === 'number' ? a - b : null;
}

/** Indices are never negative. */
function isAlwaysTrue({ steps, offset }: NumericSum): boolean {
  return offset <= 0 && steps.every((step) => step <= 0);
}

function moveAll(conditions: readonly Condition[], axes: AxisMap): readonly Condition[] {
  return conditions.map((condition) =>
    condition.kind === 'order'
      ? { ...condition, sum: moveSum(condition.sum, axes) }
      : { ...condition, lookup: moveLookup(condition.lookup, axes) },
  );
}

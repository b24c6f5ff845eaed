import type { Dim } from '../describe.ts';
import type { IrValue } from '../ir/ir.ts';
import { readScalar } from '../tensor-values.ts';
import type { ShapesOf } from './mask-axes.ts';
import type { IndexSum } from './mask-index-pattern.ts';
import type { Lookup } from './mask-lookup-pattern.ts';
import { ConditionReader, type Condition } from './mask-pattern.ts';
import { readTriangle } from './mask-triangle.ts';

/** One step of masking the scores `[batch, heads, query, key]`, as the graph has it. */
export type MaskStep =
  | { readonly kind: 'added'; readonly value: IrValue }
  /** Scores stay where the condition holds (does not, if negated); else there is `fill`. */
  | ({ readonly kind: 'chosen' } & MaskChoice);

export interface MaskChoice {
  readonly condition: IrValue;
  readonly isNegated: boolean;
  readonly fill: number;
}

/** By position and key. */
export interface StructuredMask {
  /** No query sees a later key: the kernel adds the lowest float32 to their scores. */
  readonly isCausal: boolean;
  /** `[batch, key]`: keys that count, those that are not 0 (are 0, if negated). */
  readonly keys: { readonly table: IrValue; readonly isNegated: boolean } | null;
  /** What the scores of the other keys get added; 0 where all count. */
  readonly fill: number;
}

/** The lowest float32. */
export const LOWEST = -3.402_823_466_385_288_6e38;

/** A score below 1e29 is lost when it is added to this, as if it were replaced. */
const ABSORBING = -1e37;

/**
 * Beside the score of the query's own key, what is added this leaves nothing to the
 * softmax: exp(-104) is 0 in float32. Exporters of old add no less.
 */
const HIDING = -10_000;

/** Null where the step is not known to mask by position or key. `scores`: their four dims. */
export function readMaskStep(
  step: MaskStep,
  scores: readonly Dim[],
  shapesOf: ShapesOf,
): StructuredMask | null {
  if (step.kind === 'chosen') {
    return step.fill <= ABSORBING ? readChoice(step, scores, shapesOf) : null;
  }
  const triangle = readTriangle(step.value, lengthOf(scores), shapesOf);
  if (triangle !== null) return triangle.inside === 0 ? causal(triangle.outside) : null;
  const choice = choiceOfNumbers(step.value);
  return choice === null ? null : readChoice(choice, scores, shapesOf);
}

/** Undefined unless there are as many queries as keys. */
function lengthOf([, , queries, keys]: readonly Dim[]): Dim | undefined {
  return queries === keys && keys !== null ? keys : undefined;
}

function causal(fill: number): StructuredMask | null {
  return fill <= HIDING ? { isCausal: true, keys: null, fill } : null;
}

function readChoice(
  { condition, isNegated, fill }: MaskChoice,
  scores: readonly Dim[],
  shapesOf: ShapesOf,
): StructuredMask | null {
  const length = lengthOf(scores);
  const triangle = readTriangle(condition, length, shapesOf);
  if (triangle !== null) return (triangle.inside !== 0) === isNegated ? null : causal(fill);
  const { dims } = shapesOf(condition);
  if (dims === null || !fitsScores(dims, scores)) return null;
  const conditions = new ConditionReader(shapesOf, length).read(condition, isNegated);
  const orders = conditions?.filter((one) => one.kind === 'order') ?? [];
  const [first, ...others] = conditions?.filter((one) => one.kind === 'lookup') ?? [];
  const rank = dims.length;
  if (conditions === null || others.length > 0) return null;
  if (!orders.every(({ sum }) => isCausalOrder(sum, rank))) return null;
  if (first === undefined) {
    return orders.length > 0 ? causal(fill) : { isCausal: false, keys: null, fill: 0 };
  }
  const keys = keysOf(first, { rank, scores, shapesOf });
  return keys === null ? null : { isCausal: orders.length > 0, keys, fill };
}

/** `key <= query`. */
function isCausalOrder({ steps, offset }: IndexSum, rank: number): boolean {
  const wanted = (axis: number): number => (axis === rank - 1 ? 1 : axis === rank - 2 ? -1 : 0);
  return offset === 0 && steps.every((step, axis) => step === wanted(axis));
}

/** `table[batch, key]`, of the size that the operators ask for. */
function keysOf(
  { lookup, isNegated }: Condition & { readonly kind: 'lookup' },
  around: { readonly rank: number; readonly scores: readonly Dim[]; readonly shapesOf: ShapesOf },
): StructuredMask['keys'] {
  const { rank, scores, shapesOf } = around;
  const { table, row, column }: Lookup = lookup;
  const [batch, , , length] = scores;
  const { dims } = shapesOf(table);
  if (dims?.[0] !== batch || dims?.[1] !== length) return null;
  const isAlong = (sum: IndexSum, axis: number, dim: Dim | undefined): boolean =>
    sum.offset === 0 &&
    (dim === 1 || axis >= 0) &&
    sum.steps.every((step, index) => step === (index === axis && dim !== 1 ? 1 : 0));
  const isOfKeys = isAlong(row, rank - 4, batch) && isAlong(column, rank - 1, length);
  return isOfKeys ? { table, isNegated } : null;
}

/** A Where of 0 and another number. */
function choiceOfNumbers(value: IrValue): MaskChoice | null {
  const node = value.producer;
  const [condition = null, a = null, b = null] = node?.is('Where') === true ? node.inputs : [];
  const [yes, no] = [readScalar(a?.constant ?? null), readScalar(b?.constant ?? null)];
  if (condition === null || yes === null || no === null) return null;
  if (yes === 0) return { condition, isNegated: false, fill: no };
  return no === 0 ? { condition, isNegated: true, fill: yes } : null;
}

/** Each axis certain to be that of the scores, or of one element. */
export function fitsScores(dims: readonly Dim[], scores: readonly Dim[]): boolean {
  const shift = scores.length - dims.length;
  return (
    shift >= 0 &&
    dims.every((dim, axis) => dim === 1 || (dim !== null && dim === scores[axis + shift]))
  );
}

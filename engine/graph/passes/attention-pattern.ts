import { intAttribute } from '../attributes.ts';
import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readScalar } from '../tensor-values.ts';
import type { AttentionFacts } from './attention-facts.ts';
import {
  BY_HEAD,
  BY_HEAD_TRANSPOSED,
  endsIn,
  rearrangedFrom,
  type PartSizes,
  type Rearranged,
} from './attention-layout.ts';
import { readJoin, type Join } from './attention-join.ts';
import { readMask, type AttentionMask } from './attention-mask.ts';
import { readScores, type Scores } from './attention-scores.ts';
import type { ShapesOf } from './mask-axes.ts';

/** `softmax(scale * queries * keys^T + mask) * values`, head by head, and joined again. */
export interface AttentionMatch {
  readonly queries: Rearranged;
  readonly keys: Rearranged;
  readonly values: Rearranged;
  readonly heads: number;
  /** Elements of a head's queries and keys. */
  readonly headSize: number;
  /** What the scores are multiplied with in all. */
  readonly scale: number;
  /** Dims of the scores, `[batch, heads, query, key]`. */
  readonly scores: readonly Dim[];
  readonly mask: AttentionMask;
  /** The number 0 that the graph puts where the softmax gave NaN; null where it does not ask. */
  readonly guard: IrValue | null;
  readonly join: Join;
  /** All that computes it, without what projects queries, keys and values. */
  readonly nodes: ReadonlySet<IrNode>;
}

/** A string says why what looks like attention is none; null: it does not look like it. */
export function matchAttention(
  softmax: IrNode,
  { shapesOf, opset }: AttentionFacts,
): AttentionMatch | string | null {
  if (!softmax.is('Softmax')) return null;
  const weighted = readWeighted(softmax);
  const [scored, ...others] = readScores(softmax);
  if (weighted === null || scored === undefined) return null;
  if (others.length > 0) return 'it is not clear which product its scores are';
  const scores = shapesOf(softmax.output).dims;
  if (!isLastOfFour(softmax, scores, opset))
    return 'it is not known to be a softmax of [N, heads, L, L]';
  return match({ softmax, weighted, scored, scores }, shapesOf);
}

interface Parts {
  readonly softmax: IrNode;
  readonly weighted: Weighted;
  readonly scored: Scores;
  /** Dims of the scores. */
  readonly scores: readonly Dim[];
}

function match(parts: Parts, shapesOf: ShapesOf): AttentionMatch | string {
  const { softmax, weighted, scored, scores } = parts;
  const split = readSplit(parts, shapesOf);
  if (split === null) return 'queries, keys and values are not known to be split into heads';
  if (scored.problem !== null) return scored.problem;
  const { queries, keys, values, sizes } = split;
  const scale = scored.scale * queries.scale * keys.scale;
  if (!isUsableScale(scale)) return 'its scores are multiplied with a number that is none';
  const masked = { dims: scores, isGuarded: weighted.guard !== null };
  const mask = readMask(scored.masks, masked, shapesOf);
  if (typeof mask === 'string') return mask;
  const { heads, length, size: headSize } = sizes.queries;
  const join = readJoin(weighted.product, { ...sizes.values, length }, shapesOf);
  if (join === null) return 'its heads are not joined behind it';
  const rearranged = [queries, keys, values].flatMap((one) => one.nodes);
  const nodes = [...rearranged, ...scored.nodes, softmax, ...weighted.nodes, ...join.nodes];
  return {
    queries,
    keys,
    values,
    scores,
    mask,
    join,
    heads,
    headSize,
    scale,
    guard: weighted.guard,
    nodes: new Set(nodes),
  };
}

/** The operators take 0 for no scale at all. */
function isUsableScale(scale: number): boolean {
  return Math.fround(scale) !== 0 && Number.isFinite(Math.fround(scale));
}

interface SplitHeads {
  readonly queries: Rearranged;
  readonly keys: Rearranged;
  readonly values: Rearranged;
  readonly sizes: HeadSizes;
}

function readSplit({ scored, weighted }: Parts, shapesOf: ShapesOf): SplitHeads | null {
  const sizes = headsOf(scored, weighted.values, shapesOf);
  if (sizes === null) return null;
  const queries = rearrangedFrom(scored.queries);
  const keys = rearrangedFrom(scored.keys);
  const values = rearrangedFrom(weighted.values);
  const areSplit =
    endsIn(BY_HEAD, queries, { sizes: sizes.queries, shapesOf }) &&
    endsIn(BY_HEAD_TRANSPOSED, keys, { sizes: sizes.keys, shapesOf }) &&
    endsIn(BY_HEAD, values, { sizes: sizes.values, shapesOf });
  return areSplit ? { queries, keys, values, sizes } : null;
}

/** Before opset 13 it was of all axes from one on, the second unless another is given. */
function isLastOfFour(
  softmax: IrNode,
  dims: readonly Dim[] | null,
  opset: number,
): dims is readonly Dim[] {
  const axis = intAttribute(softmax, 'axis', opset < 13 ? 1 : -1);
  return dims?.length === 4 && (axis === -1 || axis === 3);
}

interface HeadSizes {
  readonly queries: PartSizes;
  readonly keys: PartSizes;
  readonly values: PartSizes;
}

/** From the operands of the two products: `[batch, heads, ...]`, of the same batch and heads. */
function headsOf(scored: Scores, weights: IrValue, shapesOf: ShapesOf): HeadSizes | null {
  const [q, k, v] = [scored.queries, scored.keys, weights].map((value) =>
    knownDims(value, shapesOf),
  );
  if (q === undefined || k === undefined || v === undefined) return null;
  const [batch = null, heads = null, length = null, size = null] = q;
  const areSame = [k, v].every((dims) => dims[0] === batch && dims[1] === heads);
  if (!areSame || k[2] !== size || v[2] !== k[3]) return null;
  if (typeof heads !== 'number' || typeof size !== 'number' || typeof v[3] !== 'number')
    return null;
  const keyLength = k[3] ?? null;
  return {
    queries: { batch, length, kind: 3, heads, size },
    keys: { batch, length: keyLength, kind: 3, heads, size },
    values: { batch, length: keyLength, kind: 3, heads, size: v[3] },
  };
}

/** Empty unless all four are known. */
function knownDims(value: IrValue, shapesOf: ShapesOf): readonly Dim[] {
  const { dims } = shapesOf(value);
  return dims?.length === 4 && !dims.includes(null) ? dims : [];
}

interface Weighted {
  readonly product: IrNode;
  readonly values: IrValue;
  readonly guard: IrValue | null;
  readonly nodes: readonly IrNode[];
}

/** The product of what the softmax gives, or what a guard against NaN leaves of it, with values. */
function readWeighted(softmax: IrNode): Weighted | null {
  const guarded = readGuard(softmax.output);
  const weights = guarded?.where.output ?? softmax.output;
  const product = [...weights.uses].find(
    ({ node, index }) => node.is('MatMul') && index === 0,
  )?.node;
  const values = product?.inputs[1] ?? null;
  if (product === undefined || values === null || values === weights) return null;
  const nodes = guarded === null ? [product] : [guarded.isNaN, guarded.where, product];
  return { product, values, guard: guarded?.zero ?? null, nodes };
}

/** `Where(IsNaN(x), 0, x)`. */
function readGuard(
  value: IrValue,
): { readonly isNaN: IrNode; readonly where: IrNode; readonly zero: IrValue } | null {
  for (const { node: where } of value.uses) {
    const [condition = null, zero = null, other = null] = where.is('Where') ? where.inputs : [];
    const isNaN = condition?.producer ?? null;
    const asks = isNaN?.is('IsNaN') === true && isNaN.inputs[0] === value && other === value;
    if (asks && zero !== null && readScalar(zero.constant) === 0) return { isNaN, where, zero };
  }
  return null;
}

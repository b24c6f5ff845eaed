import type { Dim } from '../describe.ts';
import type { IrValue } from '../ir/ir.ts';
import {
  fitsScores,
  LOWEST,
  readMaskStep,
  type MaskStep,
  type StructuredMask,
} from './attention-mask-step.ts';
import type { ShapesOf } from './mask-axes.ts';

/** What the runtime's operators do of it. */
export interface AttentionMask extends StructuredMask {
  /** Added to the scores as it is; its axes are those of the scores or of one element. */
  readonly bias: IrValue | null;
  /**
   * Queries that see no key at all and get zeros for it: `unseen` can be told from
   * the keys, `NaN` only by the result. Null where there are none, or where the graph
   * does not mind.
   */
  readonly emptyRows: 'unseen' | 'NaN' | null;
}

/** What is masked. */
export interface MaskedScores {
  /** `[batch, heads, query, key]`. */
  readonly dims: readonly Dim[];
  /** Whether the graph puts 0 where the softmax gave NaN, as it does of minus infinity alone. */
  readonly isGuarded: boolean;
}

const NO_MASK: StructuredMask = Object.freeze({ isCausal: false, keys: null, fill: 0 });

/**
 * Says by which inputs of the runtime's attention operators the steps can be done;
 * a string says why they cannot.
 */
export function readMask(
  steps: readonly MaskStep[],
  scores: MaskedScores,
  shapesOf: ShapesOf,
): AttentionMask | string {
  const read = steps
    .map((step) => ({ step, mask: readMaskStep(step, scores.dims, shapesOf) }))
    .filter(({ mask }) => mask === null || mask.isCausal || mask.keys !== null);
  // The operators mask by position and by key with one number, and add one tensor.
  const known = read.find(({ mask }) => mask?.isCausal) ?? read.find(({ mask }) => mask !== null);
  const around = { isGuarded: scores.isGuarded, isAlone: read.length === 1 };
  // What is put in the place of a sum hides what was added; the operators only add.
  const isHiding = known?.step.kind === 'chosen' && read[0] !== known;
  const isExact = !isHiding && isLikeKernel(known?.mask ?? NO_MASK, around);
  const main = isExact ? known : undefined;
  const rest = read.filter((one) => one !== main).map(({ step }) => step);
  const structured = main?.mask ?? NO_MASK;
  const [bias] = rest;
  if (rest.length > 1) return 'it has more masks than the operator takes';
  if (bias === undefined) return withEmptyRows({ ...structured, bias: null }, scores.isGuarded);
  if (bias.kind === 'chosen') return 'its mask is not known to be one of positions or keys';
  if (!isUsableBias(bias.value, scores.dims, shapesOf)) {
    return 'its mask has another shape than the runtime takes';
  }
  return withEmptyRows({ ...structured, bias: bias.value }, scores.isGuarded);
}

/**
 * Beside another mask the number matters with which positions are masked: a query
 * may be left with later keys only. The kernel knows one.
 */
function isLikeKernel(
  { isCausal, keys, fill }: StructuredMask,
  { isGuarded, isAlone }: { readonly isGuarded: boolean; readonly isAlone: boolean },
): boolean {
  if (!isCausal || (isAlone && keys === null) || fill === LOWEST) return true;
  return isAlone && isGuarded && fill === -Infinity;
}

function withEmptyRows(mask: Omit<AttentionMask, 'emptyRows'>, isGuarded: boolean): AttentionMask {
  // A causal mask leaves each query its own key, and a finite one all of them.
  if (isGuarded && mask.bias !== null) return { ...mask, emptyRows: 'NaN' };
  const isEmpty = isGuarded && mask.keys !== null && mask.fill === -Infinity;
  // What the kernel then makes of such a query is not used; of others it is the same.
  return isEmpty ? { ...mask, fill: LOWEST, emptyRows: 'unseen' } : { ...mask, emptyRows: null };
}

/**
 * Each axis that of the scores, or of one element; along the keys it must be theirs.
 * A row for each query can be made where there are as many as keys.
 */
function isUsableBias(bias: IrValue, scores: readonly Dim[], shapesOf: ShapesOf): boolean {
  const { dims } = shapesOf(bias);
  const [, , queries, keys] = scores;
  if (dims === null || !fitsScores(dims, scores) || dims.at(-1) !== keys) return false;
  return (dims.length === 4 && dims[2] === queries) || queries === keys;
}

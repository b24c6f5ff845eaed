import type { Pass } from '../passes/pass.ts';
import { selectPasses } from '../passes/registry.ts';

/** Precisions that a model is rewritten to. */
export type RewrittenPrecision = 'fp16' | 'int8-static' | 'int8-dynamic' | 'int4-weights';

/** They take the bias of a product, which an integer product adds at no cost. */
const TAKING_BIASES = ['fuse-bias-gelu', 'fuse-fast-gelu'];

/**
 * The passes after which a model is rewritten to a precision, for the CPU provider. Those
 * of `clean`: nothing to quantize hides in a fused operator then. For int8-dynamic those
 * of `all`, since it has integers for the runtime's Attention, and rewrites products alone
 * otherwise. Measured on a BERT of 6 layers, 384 wide (one thread, AVX512-VNNI), times as
 * fast as from `clean`: with scaled-dot-product attention 1.06 at length 16, 1.04 at 128
 * and 1.25 at 384, with eager attention 1.04, 0.99 and 0.98; where the length is fixed to
 * 128, by `residual-sum`, 1.24.
 */
export function basePasses(precision: RewrittenPrecision): readonly Pass[] {
  return precision === 'int8-dynamic'
    ? selectPasses('all', 'cpu', { on: [], off: TAKING_BIASES })
    : selectPasses('clean', 'cpu');
}

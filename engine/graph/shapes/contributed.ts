import type { Dim } from '../describe.ts';
import { broadcastShapes, everyOne, likeInput } from './elementwise.ts';
import { gemm, productDims } from './matrix.ts';
import type { Inference, Inferences, Operator } from './operator.ts';
import { dequantize, quantize } from './quantization.ts';
import { shaped, UNKNOWN } from './value-shape.ts';
import { convolution } from './window.ts';

/** Operators of `com.microsoft`, as ONNX Runtime's ContribOperators.md describes them. */

/** Matrices transposed by attributes; batch dims that are moved too are left alone. */
const fusedMatMul: Inference = (op) => {
  if (op.int('transBatchA', 0) !== 0 || op.int('transBatchB', 0) !== 0) {
    return shaped(op.type(0), null);
  }
  const left = op.int('transA', 0) === 0 ? op.dims(0) : swapLast(op.dims(0));
  const right = op.int('transB', 0) === 0 ? op.dims(1) : swapLast(op.dims(1));
  return shaped(op.type(0), productDims(op, left, right));
};

/** A vector stays as it is. */
function swapLast(dims: readonly Dim[] | null): readonly Dim[] | null {
  if (dims === null || dims.length < 2) return dims;
  return [...dims.slice(0, -2), dims.at(-1) ?? null, dims.at(-2) ?? null];
}

/** Outputs: result, mean, inverse deviation, and the sum that was normalized. */
const skipNormalization: Inference = (op) => {
  const same = shaped(op.type(0), op.dims(0));
  return [same, UNKNOWN, UNKNOWN, same];
};

/** Rows of a table for ids of [batch, length]; outputs: result, count of the mask, and the sum. */
const embedLayerNormalization: Inference = (op) => {
  const [batch = null, length = null] = op.dims(0) ?? [];
  const rows = shaped(op.type(2), [batch, length, op.dims(2)?.[1] ?? null]);
  return [rows, shaped('int32', [batch]), rows];
};

/** Weights are packed 4-bit columns: `N` says how many. */
const matMulNBits: Inference = (op) => {
  const dims = op.dims(0);
  return shaped(op.type(0), dims === null ? null : [...dims.slice(0, -1), op.int('N', 0)]);
};

/** Queries, keys and values packed in the weights' columns, of equal size unless it says otherwise. */
const packedAttention: Inference = (op) => shaped(op.type(0), attentionDims(op));

/** The same of integers, which it gives as the type of its bias. */
const quantizedAttention: Inference = (op) => shaped(op.type(2), attentionDims(op));

function attentionDims(op: Operator): readonly Dim[] {
  const [batch = null, length = null] = op.dims(0) ?? [];
  const columns = op.dims(1)?.[1] ?? null;
  const hidden = op.ints('qkv_hidden_sizes')?.[2] ?? op.algebra.divide(columns, 3);
  return [batch, length, hidden];
}

/** Only where queries and values are separate and [batch, length, hidden]. */
const multiHeadAttention: Inference = (op) => {
  const [query, value] = [op.dims(0), op.dims(2)];
  if (query?.length !== 3 || value?.length !== 3) return shaped(op.type(0), null);
  return shaped(op.type(0), [query[0] ?? null, query[1] ?? null, value[2] ?? null]);
};

/** A, its scale and zero point, B and its own, then those of the output. */
const quantizedSum: Inference = (op) => shaped(op.type(0), broadcastShapes(op, [0, 3]));

export const contributed: Inferences = {
  ...everyOne('FastGelu Gelu QuickGelu QLinearLeakyRelu QLinearSigmoid RotaryEmbedding', likeInput),
  ...everyOne('QLinearAdd QLinearMul', quantizedSum),
  ...everyOne('SkipLayerNormalization SkipSimplifiedLayerNormalization', skipNormalization),
  Attention: packedAttention,
  BiasGelu: likeInput,
  DequantizeLinear: dequantize,
  DynamicQuantizeMatMul: (op) => shaped(op.type(0), productDims(op, op.dims(0), op.dims(1))),
  EmbedLayerNormalization: embedLayerNormalization,
  FusedConv: convolution,
  FusedGemm: gemm,
  FusedMatMul: fusedMatMul,
  MatMulIntegerToFloat: (op) => shaped(op.type(2), productDims(op, op.dims(0), op.dims(1))),
  MatMulNBits: matMulNBits,
  MultiHeadAttention: multiHeadAttention,
  QAttention: quantizedAttention,
  QuantizeLinear: quantize,
};

import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrValue } from '../ir/ir.ts';
import type { OnnxAttribute } from '../model.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from '../passes/fused-conv.ts';
import { knownShapes } from '../passes/known-shape.ts';
import { visitNodes } from '../passes/pass.ts';
import { substitute } from '../passes/substitute.ts';
import { quantizeBlocks } from './block-weights.ts';
import {
  biasValue,
  productMatrix,
  readConstantProduct,
  type ConstantProduct,
  type ProductWeights,
} from './constant-product.ts';
import type { QuantizationSummary } from './summary.ts';
import { WeightCache } from './weight-cache.ts';

export interface Int4Options {
  /** Weights that share a scale: a power of two from 16 to 256. */
  readonly blockSize?: number;
  /** 4: activations become int8, block by block; 1: they stay float32. */
  readonly accuracyLevel?: 0 | 1 | 4;
  /** Products of fewer weights stay in float32. */
  readonly leastWeights?: number;
}

const DEFAULTS = Object.freeze({
  blockSize: 32,
  accuracyLevel: 4,
  leastWeights: 4096,
} satisfies Int4Options);

/**
 * Stores the constant weights of every MatMul and Gemm in 4 bits, a scale for each
 * block of a column, as `com.microsoft.MatMulNBits` takes them. It pays where weights
 * are read more than they are computed with: few rows. Times float32 in ONNX Runtime 1.30
 * (768 x 3072, one thread, AVX512-VNNI), and the error of standard-normal weights:
 *
 * | block | bits a weight | 1 row | 8 rows | 64 rows | error |
 * | ----- | ------------- | ----- | ------ | ------- | ----- |
 * | 16    | 6             | 1.6   | 1.4    | 1.1     | 7 %   |
 * | 32    | 5             | 3.1   | 1.8    | 1.2     | 8 %   |
 * | 128   | 4.25          | 3.4   | 2.4    | 1.6     | 10 %  |
 * | 256   | 4.1           | 4.1   | 2.6    | 1.8     | 11 %  |
 *
 * At accuracy level 1 it is no faster than float32 from 8 rows on. The model, best as the
 * passes of `clean` leave it, is rewritten in place. O(weights), about 10 million a second.
 */
export function toInt4Weights(model: IrModel, options: Int4Options = {}): QuantizationSummary {
  const { blockSize, accuracyLevel, leastWeights } = { ...DEFAULTS, ...options };
  checkBlockSize(blockSize);
  const shapeOf = knownShapes(model);
  const cache = new WeightCache((weights) => quantize(weights, blockSize));
  const { rewrites, skipped } = visitNodes(model, (node, log) => {
    const found = readConstantProduct(node, { shapeOf, leastWeights });
    const product = fitting(found, blockSize);
    if (product === null) return;
    if (typeof product === 'string') {
      log.skipped(node, product);
      return;
    }
    const { weights, last, input } = product;
    const bias = biasValue(product);
    // Between zero points and bias is an index that nobody uses any more.
    const tail = bias === null ? [] : [null, bias];
    const inputs = [input, ...cache.of(weights), ...tail];
    const attributes = attributesOf(weights, { blockSize, accuracyLevel });
    substitute(last, { opType: 'MatMulNBits', domain: RUNTIME_DOMAIN, inputs, attributes });
    useRuntimeDomain(model);
    log.rewrote();
  });
  return { quantized: rewrites, skipped };
}

function checkBlockSize(blockSize: number): void {
  if ([16, 32, 64, 128, 256].includes(blockSize)) return;
  throw new RangeError(`a block has 16, 32, 64, 128 or 256 weights, ${blockSize} was given`);
}

/** A column that would leave most of its block empty is no smaller then. */
function fitting(
  product: ConstantProduct | string | null,
  blockSize: number,
): ConstantProduct | string | null {
  if (product === null || typeof product === 'string') return product;
  const { rows } = product.weights;
  if (2 * rows >= blockSize) return product;
  return `its columns of ${rows} weights would leave most of a block of ${blockSize} empty`;
}

/** Packed weights, scales, and zero points where they make the error smaller. */
function quantize(weights: ProductWeights, blockSize: number): readonly (IrValue | null)[] {
  const { value, rows, columns } = weights;
  const { graph, name } = value;
  const packed = quantizeBlocks(productMatrix(weights), { rows, columns, blockSize });
  const { values, scales, zeroPoints, blocks } = packed;
  const dims = [columns, blocks, blockSize / 2];
  const scaleDims = [columns, blocks];
  const zeroDims = [columns, Math.ceil(blocks / 2)];
  return [
    graph.addInitializer(`${name}_int4`, { type: 'uint8', dims, data: values }),
    graph.addInitializer(`${name}_scale`, { type: 'float32', dims: scaleDims, data: scales }),
    zeroPoints === null
      ? null
      : graph.addInitializer(`${name}_zero`, { type: 'uint8', dims: zeroDims, data: zeroPoints }),
  ];
}

function attributesOf(
  { rows, columns }: ProductWeights,
  options: Pick<Required<Int4Options>, 'blockSize' | 'accuracyLevel'>,
): ReadonlyMap<string, OnnxAttribute> {
  const values = {
    K: rows,
    N: columns,
    bits: 4,
    block_size: options.blockSize,
    accuracy_level: options.accuracyLevel,
  };
  return new Map(
    Object.entries(values).map(([key, int]) => [key, createAttribute(key, { int })] as const),
  );
}

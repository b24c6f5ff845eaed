import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from '../passes/fused-conv.ts';
import { knownShapes } from '../passes/known-shape.ts';
import { allGraphs, visitNodes } from '../passes/pass.ts';
import { substitute } from '../passes/substitute.ts';
import {
  biasValue,
  productMatrix,
  readConstantProduct,
  type ConstantProduct,
  type ProductWeights,
} from './constant-product.ts';
import { readPackedAttention, type PackedAttention } from './packed-attention.ts';
import { quantizeWeights } from './quant-params.ts';
import type { QuantizationSummary } from './summary.ts';
import { WeightCache } from './weight-cache.ts';

export interface DynamicOptions {
  /** 7 for x64 without VNNI, see `quantizeWeights`. */
  readonly weightBits?: 8 | 7;
  /** Products of fewer weights stay in float32: 1024 by default, below which nothing is gained. */
  readonly leastWeights?: number;
}

const DEFAULTS = Object.freeze({ weightBits: 8, leastWeights: 1024 } satisfies DynamicOptions);

/**
 * Makes every MatMul and Gemm of constant weights an integer product: weights int8
 * with a scale for each column, activations uint8 with a scale and zero point found at
 * each run, for the whole tensor: so a sample's result depends a little on the samples
 * beside it. Convolutions stay: the runtime's ConvInteger is slower than float32.
 *
 * As one `com.microsoft.DynamicQuantizeMatMul`, which takes in the bias too. From level
 * `extended` on the runtime fuses DynamicQuantizeLinear, MatMulInteger, Cast and Mul
 * itself. Measured in ONNX Runtime 1.30 (one thread, AVX512-VNNI, 1 to 256 rows, 256 to
 * 3072 columns): no difference for one product; where three share their input, those
 * quantize it once and are 3 to 4 % faster; unfused they are 5 to 14 % slower. Times
 * float32, 1.7 at one row and 2.9 to 4.4 at 64 to 256 rows of 768.
 *
 * The runtime's Attention becomes its QAttention, of which the projections are integer
 * products; for its speed see `basePasses`.
 *
 * For the CPU provider. The model, best after `basePasses`, is rewritten in place.
 * O(weights), about 20 million a second.
 */
export function toInt8Dynamic(model: IrModel, options: DynamicOptions = {}): QuantizationSummary {
  const { weightBits, leastWeights } = { ...DEFAULTS, ...options };
  const shapeOf = knownShapes(model);
  const cache = new WeightCache((weights) => quantize(weights, weightBits));
  const read = (node: IrNode): ConstantProduct | string | null =>
    withinSums(readConstantProduct(node, { shapeOf, leastWeights }));
  const tools = { cache, shared: new SharedInputs(model, read) };
  const { rewrites, skipped } = visitNodes(model, (node, log) => {
    const found = read(node) ?? withinSums(readPackedAttention(node, leastWeights));
    if (found === null) return;
    const reason = typeof found === 'string' ? found : replace(found, tools);
    if (reason !== null) {
      log.skipped(node, reason);
      return;
    }
    useRuntimeDomain(model);
    log.rewrote();
  });
  return { quantized: rewrites, skipped };
}

interface Tools {
  readonly cache: WeightCache<readonly [IrValue, IrValue]>;
  readonly shared: SharedInputs;
}

/** Null when it was done, else why not. */
function replace(found: ConstantProduct | PackedAttention, tools: Tools): string | null {
  if ('last' in found) replaceProduct(found, tools);
  else if (tools.shared.isPossible) replaceAttention(found, tools);
  else return `DynamicQuantizeLinear is an operator since opset ${SHARING_OPSET}`;
  return null;
}

function replaceProduct(product: ConstantProduct, { cache, shared }: Tools): void {
  const [values, scales] = cache.of(product.weights);
  const bias = biasValue(product);
  const input = shared.quantized(product);
  substitute(product.last, {
    domain: RUNTIME_DOMAIN,
    ...(input === null
      ? {
          opType: 'DynamicQuantizeMatMul',
          inputs: withBias([product.input, values, scales, null], bias),
        }
      : {
          opType: 'MatMulIntegerToFloat',
          inputs: withBias([input.integers, values, input.scale, scales, input.zero, null], bias),
        }),
  });
}

function replaceAttention(attention: PackedAttention, { cache, shared }: Tools): void {
  const { node, input, weights, bias, mask } = attention;
  const [values, scales] = cache.of(weights);
  const { integers, scale, zero } = shared.quantize(input);
  substitute(node, {
    opType: 'QAttention',
    domain: RUNTIME_DOMAIN,
    inputs: [integers, values, bias, scale, scales, mask, zero],
    attributes: node.attributes,
  });
}

/** Optional inputs at the end are left out rather than empty. */
function withBias(
  inputs: readonly (IrValue | null)[],
  bias: IrValue | null,
): readonly (IrValue | null)[] {
  return bias === null ? inputs.filter((value) => value !== null) : [...inputs, bias];
}

/** DynamicQuantizeLinear is an operator of `ai.onnx` since this version. */
const SHARING_OPSET = 11;

interface QuantizedInput {
  readonly integers: IrValue;
  readonly scale: IrValue;
  readonly zero: IrValue;
}

/**
 * What several products take, such as the query, key and value of an attention, is
 * quantized once: 3 to 4 % faster (195 against 203 us for three products).
 */
class SharedInputs {
  readonly #uses = new Map<IrValue, number>();
  readonly #made = new Map<IrValue, QuantizedInput>();
  /** Whether the model's opset has what quantizes. */
  readonly isPossible: boolean;

  constructor(model: IrModel, read: (node: IrNode) => ConstantProduct | string | null) {
    this.isPossible = (model.opsets.get('') ?? 0) >= SHARING_OPSET;
    for (const graph of allGraphs(model.graph)) {
      for (const node of graph.nodes) {
        const product = read(node);
        if (product === null || typeof product === 'string') continue;
        this.#uses.set(product.input, (this.#uses.get(product.input) ?? 0) + 1);
      }
    }
  }

  /** Null where the product is the only one, or lies in another graph than its input. */
  quantized({ input, last }: ConstantProduct): QuantizedInput | null {
    const isShared = this.isPossible && (this.#uses.get(input) ?? 0) > 1;
    if (!isShared || input.graph !== last.graph) return null;
    return this.quantize(input);
  }

  /** By one node, beside what gives the input: graphs inside see it too. */
  quantize(input: IrValue): QuantizedInput {
    const known = this.#made.get(input);
    if (known !== undefined) return known;
    const name = `${input.name}_DynamicQuantizeLinear`;
    const node = input.graph.addNode({
      opType: 'DynamicQuantizeLinear',
      name,
      inputs: [input],
      outputs: 3,
    });
    const [integers, scale, zero] = node.outputs as [IrValue, IrValue, IrValue];
    const made = { integers, scale, zero };
    this.#made.set(input, made);
    return made;
  }
}

/** Of products of uint8 and int8 that an int32 holds, whatever they are. */
const MOST_ROWS = Math.floor((2 ** 31 - 1) / (255 * 127));

function withinSums<T extends { readonly weights: ProductWeights }>(
  product: T | string | null,
): T | string | null {
  if (product === null || typeof product === 'string') return product;
  const { rows } = product.weights;
  return rows <= MOST_ROWS ? product : `sums of ${rows} products may leave int32`;
}

function quantize(weights: ProductWeights, bits: 8 | 7): readonly [IrValue, IrValue] {
  const { value, rows, columns } = weights;
  const dims = [rows, columns];
  const { values, scales } = quantizeWeights(productMatrix(weights), { dims, axis: 1, bits });
  const { graph, name } = value;
  return [
    graph.addInitializer(`${name}_int8`, { type: 'int8', dims, data: values }),
    graph.addInitializer(`${name}_scale`, { type: 'float32', dims: [columns], data: scales }),
  ];
}

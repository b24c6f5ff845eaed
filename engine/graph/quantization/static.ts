import { floatAttribute, intAttribute } from '../attributes.ts';
import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrGraph, type IrNode, type IrValue } from '../ir/ir.ts';
import { removeDeadFrom } from '../passes/remove-dead.ts';
import { readFloats } from '../tensor-values.ts';
import type { Range } from './calibration/thresholds.ts';
import {
  activationParams,
  quantizeBias,
  quantizeWeights,
  type ActivationParams,
} from './quant-params.ts';
import { planStatic, type StaticPlan } from './static-plan.ts';
import type { QuantizationSummary } from './summary.ts';

export interface StaticOptions {
  /** What each activation was seen to span, by its name in the model; see `calibrationTargets`. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** What the integer kernels of the CPU take: uint8 on x86, int8 on ARM. */
  readonly activations: 'uint8' | 'int8';
  /** 7 where products of pairs could saturate 16 bits (AVX2 without VNNI). */
  readonly weightBits: 8 | 7;
  /** Nodes that stay in floating point: see `quantizedNodeId`. */
  readonly keep?: ReadonlySet<string>;
}

/** Activations whose range `toInt8Static` needs, by name. */
export function calibrationTargets(model: IrModel): string[] {
  return [...planStatic(model).carried].map((value) => value.name);
}

/**
 * Rewrites a model to 8 bits in QDQ form: each activation of the plan is rounded
 * to integers and back (QuantizeLinear, DequantizeLinear), weights are int8 for
 * each output channel, biases int32. The runtime finds its integer kernels by
 * these pairs. In place; a range that is missing is a programmer's error.
 */
export function toInt8Static(model: IrModel, options: StaticOptions): QuantizationSummary {
  const plan = planStatic(model, options.keep);
  const parameters = parametersOf(plan, options);
  const rewriter = new Rewriter(model, options);
  let quantized = 0;
  for (const [node, role] of plan.roles) {
    if (role !== 'weighted') continue;
    const [data = null] = node.inputs;
    const input = data === null ? undefined : parameters.get(data);
    if (input === undefined) throw new Error(`no range for the data of '${node.name}'`);
    rewriter.quantizeConstants(node, input);
    quantized += 1;
  }
  for (const [node, role] of plan.roles) if (role === 'absorbed') absorb(node);
  for (const [value, params] of parameters) {
    const { producer } = value;
    const isFloatPool = producer?.is('MaxPool') === true && !plan.roles.has(producer);
    rewriter.insertPair(isFloatPool ? rewriter.insertBarrier(value) : value, params);
  }
  return { quantized, skipped: plan.skipped };
}

/** Moves keep the integers of what they move: the runtime then moves bytes. */
function parametersOf(
  plan: StaticPlan,
  options: StaticOptions,
): ReadonlyMap<IrValue, ActivationParams> {
  const parameters = new Map<IrValue, ActivationParams>();
  const seen = seenRanges(plan, options.ranges);
  const fromRange = (value: IrValue): ActivationParams =>
    activationParams(seen(value), { type: options.activations });
  for (const value of plan.carried) {
    if (value.producer === null || !plan.roles.has(value.producer)) {
      parameters.set(value, fromRange(value));
    }
  }
  for (const [node, role] of plan.roles) {
    for (const value of node.outputs) {
      if (value === null || !plan.carried.has(value)) continue;
      const source = role === 'movement' ? parameters.get(node.inputs[0] as IrValue) : undefined;
      parameters.set(value, source ?? fromRange(value));
    }
  }
  return parameters;
}

/**
 * What of a value's range anything sees. A sum that is cut at 0 is 0 wherever one
 * summand is below the negative of the largest other: what lies further down need not
 * be told apart, and the steps between integers become so much finer.
 */
function seenRanges(
  plan: StaticPlan,
  ranges: ReadonlyMap<string, Range>,
): (value: IrValue) => Range {
  const rangeOf = (value: IrValue): Range => {
    const range = ranges.get(value.name);
    if (range === undefined) throw new Error(`no range for '${value.name}'`);
    return range;
  };
  const partners = new Map<IrValue, IrValue>();
  for (const [node, role] of plan.roles) {
    const sum = role === 'absorbed' ? (node.inputs[0]?.producer ?? null) : null;
    const [a = null, b = null] = sum?.is('Add') === true ? sum.inputs : [];
    if (a === null || b === null || a === b) continue;
    if (a.soleUser === sum) partners.set(a, b);
    if (b.soleUser === sum) partners.set(b, a);
  }
  return (value) => {
    const range = rangeOf(value);
    const partner = partners.get(value);
    if (partner === undefined) return range;
    return { min: Math.max(range.min, Math.min(0, -rangeOf(partner).max)), max: range.max };
  };
}

/** The rounding that follows cuts at 0 where the clamp did. */
function absorb(clamp: IrNode): void {
  const [data = null] = clamp.inputs;
  const producer = data?.producer ?? null;
  if (data === null || producer === null) throw new Error('a clamp without a producer');
  const { output } = clamp;
  const position = producer.outputs.indexOf(data);
  // The producer takes over the clamp's result, by which its range is known.
  clamp.outputs[0] = null;
  producer.outputs[position] = output;
  output.producer = producer;
  data.producer = null;
  removeDeadFrom(clamp);
  data.graph.names.release(data.name);
}

/** Where an opset has no per-channel scales, the runtime's own operators have. */
const PER_CHANNEL_OPSET = 13;
const RUNTIME_DOMAIN = 'com.microsoft';

class Rewriter {
  readonly #graph: IrGraph;
  readonly #domain: string;
  readonly #options: StaticOptions;
  /** Weights that several nodes share are stored once. */
  readonly #weights = new Map<string, { readonly value: IrValue; readonly scales: Float32Array }>();

  /** How often a name was given out; those of the model count as once. */
  readonly #nodeNames: Map<string, number>;

  constructor(model: IrModel, options: StaticOptions) {
    this.#nodeNames = new Map([...model.graph.nodes].map(({ name }) => [name, 1]));
    this.#graph = model.graph;
    this.#options = options;
    const isNative = (model.opsets.get('') ?? 0) >= PER_CHANNEL_OPSET;
    this.#domain = isNative ? '' : RUNTIME_DOMAIN;
    if (!isNative && !model.opsets.has(RUNTIME_DOMAIN)) model.opsets.set(RUNTIME_DOMAIN, 1);
  }

  /** int8 weights and, where there is one, an int32 bias in the scale of the products. */
  quantizeConstants(node: IrNode, input: ActivationParams): void {
    const weights = node.inputs[1] as IrValue;
    const axis = outputAxis(node);
    const quantized = this.#quantizedWeights(weights, axis);
    node.setInput(1, quantized.value);
    const bias = node.inputs[2] ?? null;
    if (bias !== null) {
      node.setInput(2, this.#quantizedBias(node, bias, { input, scales: quantized.scales }));
      this.#dropUnused(bias);
    }
    this.#dropUnused(weights);
  }

  #quantizedWeights(
    weights: IrValue,
    axis: number,
  ): { readonly value: IrValue; readonly scales: Float32Array } {
    const key = `${weights.name} ${axis}`;
    const known = this.#weights.get(key);
    if (known !== undefined) return known;
    const tensor = weights.constant;
    const data = tensor === null ? null : readFloats(tensor);
    if (tensor === null || data === null) throw new Error(`'${weights.name}' is no constant`);
    const { dims } = tensor;
    const bits = this.#options.weightBits;
    const { values, scales } = quantizeWeights(data, { dims, axis, bits });
    const integers = { type: 'int8', dims, data: values } as const;
    const zeros = { type: 'int8', data: new Int8Array(scales.length) } as const;
    const value = this.#dequantized(weights.name, { integers, zeros, scales, axis });
    const made = { value, scales };
    this.#weights.set(key, made);
    return made;
  }

  #quantizedBias(
    node: IrNode,
    bias: IrValue,
    scale: { readonly input: ActivationParams; readonly scales: Float32Array },
  ): IrValue {
    const floats = bias.constant === null ? null : readFloats(bias.constant);
    if (floats === null) throw new Error(`'${bias.name}' is no constant`);
    const beta = node.opType === 'Gemm' ? floatAttribute(node, 'beta', 1) : 1;
    node.attributes.delete('beta');
    const scaled = beta === 1 ? floats : floats.map((value) => value * beta);
    const { values, scales } = quantizeBias(scaled, scale.input.scale, scale.scales);
    const integers = { type: 'int32', dims: [values.length], data: values } as const;
    const zeros = { type: 'int32', data: new Int32Array(scales.length) } as const;
    return this.#dequantized(bias.name, { integers, zeros, scales, axis: 0 });
  }

  #dequantized(
    name: string,
    content: {
      readonly integers:
        | { readonly type: 'int8'; readonly dims: readonly number[]; readonly data: Int8Array }
        | { readonly type: 'int32'; readonly dims: readonly number[]; readonly data: Int32Array };
      readonly zeros:
        | { readonly type: 'int8'; readonly data: Int8Array }
        | { readonly type: 'int32'; readonly data: Int32Array };
      readonly scales: Float32Array;
      readonly axis: number;
    },
  ): IrValue {
    const { integers, zeros, scales, axis } = content;
    const dims = [scales.length];
    const inputs = [
      this.#graph.addInitializer(`${name}_quantized`, integers),
      this.#graph.addInitializer(`${name}_scale`, { type: 'float32', dims, data: scales }),
      this.#graph.addInitializer(`${name}_zero_point`, { ...zeros, dims }),
    ];
    const attributes = new Map([['axis', createAttribute('axis', { int: axis })]]);
    return this.#graph.addNode({ ...this.#operator('DequantizeLinear', name), inputs, attributes })
      .output;
  }

  /**
   * Keeps the runtime from rounding before a pool that runs in float32: its pool of
   * bytes takes 30 times as long there (1480 against 47 us for [8, 16, 64, 64]), since
   * it is not in the layout of the integer kernels. The largest of a value and the
   * lowest float is the value, and no optimizer knows that.
   */
  insertBarrier(value: IrValue): IrValue {
    const lowest = this.#graph.addInitializer('lowest', {
      type: 'float32',
      dims: [],
      data: Float32Array.of(-3.4028234663852886e38),
    });
    const barrier = this.#graph.addNode({
      opType: 'Max',
      name: `${value.name}_Max`,
      inputs: [value, lowest],
    });
    replaceUses(value, barrier.output);
    barrier.setInput(0, value);
    return barrier.output;
  }

  /** Rounds a value; everything that used it sees the rounded one, the graph's outputs too. */
  insertPair(value: IrValue, params: ActivationParams): void {
    const { name } = value;
    const data =
      params.type === 'uint8' ? Uint8Array.of(params.zeroPoint) : Int8Array.of(params.zeroPoint);
    const scale = this.#graph.addInitializer(`${name}_scale`, {
      type: 'float32',
      dims: [],
      data: Float32Array.of(params.scale),
    });
    const zero = this.#graph.addInitializer(`${name}_zero_point`, {
      type: params.type,
      dims: [],
      data,
    });
    const quantize = this.#graph.addNode({
      ...this.#operator('QuantizeLinear', name),
      inputs: [value, scale, zero],
    });
    const dequantize = this.#graph.addNode({
      ...this.#operator('DequantizeLinear', name),
      inputs: [quantize.output, scale, zero],
    });
    replaceUses(value, dequantize.output);
    quantize.setInput(0, value);
  }

  #operator(
    opType: string,
    name: string,
  ): { readonly opType: string; readonly domain: string; readonly name: string } {
    return { opType, domain: this.#domain, name: this.#freshName(`${name}_${opType}`) };
  }

  /** The runtime refuses two nodes of one name; a bias that two nodes share is scaled for each. */
  #freshName(hint: string): string {
    const count = this.#nodeNames.get(hint) ?? 0;
    this.#nodeNames.set(hint, count + 1);
    return count === 0 ? hint : `${hint}_${count}`;
  }

  #dropUnused(value: IrValue): void {
    if (value.isUnused && !value.isInput) this.#graph.removeInitializer(value);
  }
}

/** Which axis of the weights counts the output channels. */
function outputAxis(node: IrNode): number {
  if (node.opType === 'Conv') return 0;
  return node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0 ? 0 : 1;
}

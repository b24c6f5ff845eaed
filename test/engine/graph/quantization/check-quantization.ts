import { expect } from 'vitest';
import { importModel, type IrModel } from '../../../../engine/graph/ir/import-model.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { QuantizationSummary } from '../../../../engine/graph/quantization/summary.ts';
import { readModel } from '../../../../engine/graph/read.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { operatorsOf } from '../passes/check-pass.ts';
import { runModel } from '../run-model.ts';

export interface CheckedQuantization extends QuantizationSummary {
  readonly model: IrModel;
  /** Operators of all graphs in order afterwards, `domain.Op` outside `ai.onnx`. */
  readonly operators: readonly string[];
  readonly initializers: readonly string[];
  /** Outputs in the runtime, by name. */
  readonly before: Tensors;
  readonly after: Tensors;
}

/**
 * Quantizes a model and runs it before and after. Checks what always holds: it is a
 * valid model with the same outputs, of the same types and shapes, and there is
 * nothing left to quantize the second time.
 */
export async function checkQuantization(
  quantize: (model: IrModel) => QuantizationSummary,
  model: OnnxModel,
  feeds: Tensors,
): Promise<CheckedQuantization> {
  const before = await runModel(writeModel(model), feeds);
  const ir = importModel(model);
  const summary = quantize(ir);
  const written = writeModel(exportModel(ir));
  const after = await runModel(written, feeds);
  const shapes = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, { type, dims }]) => ({ name, type, dims }));
  expect(shapes(after)).toEqual(shapes(before));
  const read = importModel(readModel(written));
  const operators = operatorsOf(read);
  expect(quantize(read).quantized).toBe(0);
  const initializers = [...ir.graph.initializers].map(({ name }) => name);
  return { ...summary, model: ir, operators, initializers, before, after };
}

/** The elements of a float32 tensor. */
export function floatsOf(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`'${name}' is no float32 output`);
  return data;
}

/** The bytes of an initializer, with its shape. */
export function constantOf(
  model: IrModel,
  name: string,
): { readonly dims: readonly number[]; readonly bytes: Uint8Array } {
  const value = [...model.graph.initializers].find((one) => one.name === name);
  const { dims, rawData } = value?.initializer ?? {};
  if (dims === undefined || rawData === undefined) throw new Error(`no constant '${name}'`);
  return { dims, bytes: rawData };
}

/** Norm of the difference by the norm of what is expected. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const difference = expected.map((value, index) => value - (actual[index] ?? NaN));
  return Math.hypot(...difference) / Math.hypot(...expected);
}

export function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** A row-major matrix. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** `sum over k of term(row, k, column)` for each element of a product of these. */
export function productOf(
  x: Matrix,
  w: Matrix,
  term: (x: number, w: number, at: { row: number; k: number; column: number }) => number = (a, b) =>
    a * b,
): Float64Array {
  return Float64Array.from({ length: x.rows * w.columns }, (_, index) => {
    const [row, column] = [Math.floor(index / w.columns), index % w.columns];
    let sum = 0;
    for (let k = 0; k < w.rows; k += 1) {
      const [a, b] = [x.data[row * x.columns + k] ?? 0, w.data[k * w.columns + column] ?? 0];
      sum += term(a, b, { row, k, column });
    }
    return sum;
  });
}

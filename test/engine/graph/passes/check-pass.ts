import { expect } from 'vitest';
import { runtimeEvaluator } from '../../../../engine/artifacts/evaluator.ts';
import { createRandom } from '../../../../engine/base/random.ts';
import { importModel, type IrModel } from '../../../../engine/graph/ir/import-model.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import {
  allGraphs,
  runPass,
  type Pass,
  type PassContext,
  type PassResult,
} from '../../../../engine/graph/passes/pass.ts';
import { readModel } from '../../../../engine/graph/read.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { runModel } from '../run-model.ts';

export interface CheckedPass extends PassResult {
  /** Operators of all graphs in order after the pass, `domain.Op` outside `ai.onnx`. */
  readonly operators: readonly string[];
}

const context: PassContext = { provider: 'cpu', evaluate: runtimeEvaluator };

/**
 * Runs a pass as every pass must behave: the model computes the same before and
 * after in the runtime, to 1e-5 of the largest output; it is still a valid model
 * when written and read again; and the pass finds nothing more the second time.
 */
export async function checkPass(
  pass: Pass,
  model: OnnxModel,
  feeds: Tensors,
  change: Partial<PassContext> = {},
): Promise<CheckedPass> {
  const before = await runModel(writeModel(model), feeds);
  const result = await runPass(pass, importModel(model), { ...context, ...change });
  const written = writeModel(exportModel(result.model));
  expectClose(await runModel(written, feeds), before);
  const again = await runPass(pass, importModel(readModel(written)), { ...context, ...change });
  // Idempotent: a second run finds nothing.
  expect(again.rewrites).toBe(0);
  return { ...result, operators: operatorsOf(result.model) };
}

export function operatorsOf(model: IrModel): string[] {
  return [...allGraphs(model.graph)].flatMap((graph) =>
    [...graph.nodes].map((node) =>
      node.domain === '' ? node.opType : `${node.domain}.${node.opType}`,
    ),
  );
}

function expectClose(actual: Tensors, expected: Tensors, tolerance = 1e-5): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const other = actual[name];
    expect(other?.type).toBe(tensor.type);
    expect(other?.dims).toEqual(tensor.dims);
    const a = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
    const b = Array.from((other?.data ?? []) as ArrayLike<number | bigint>, Number);
    const largest = Math.max(1e-30, ...a.map(Math.abs));
    const difference = Math.max(0, ...a.map((value, index) => Math.abs(value - (b[index] ?? NaN))));
    expect(difference / largest).toBeLessThanOrEqual(tolerance);
  }
}

/** A seeded standard-normal tensor. */
export function normal(dims: readonly number[], seed = 1): Tensors[string] {
  const random = createRandom(seed, dims.join('x'));
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.normal()) };
}

/** Initializer content of the same. */
export function weights(
  dims: readonly number[],
  seed = 2,
): { type: string; dims: readonly number[]; data: Float32Array } {
  return { type: 'float32', dims, data: normal(dims, seed).data as Float32Array };
}

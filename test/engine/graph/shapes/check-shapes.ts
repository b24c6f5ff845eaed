import { expect } from 'vitest';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { IrValue } from '../../../../engine/graph/ir/ir.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { inferShapes } from '../../../../engine/graph/shapes/infer-shapes.ts';
import type { ShapeMap, ValueShape } from '../../../../engine/graph/shapes/value-shape.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensor, Tensors } from '../../../../engine/runtime/tensor.ts';
import { runModel } from '../run-model.ts';

/** What is inferred, by name of value. */
export type Inferred = (name: string) => ValueShape;

/** Sizes of the symbols of the model's inputs. */
export type Sizes = Readonly<Record<string, number>>;

export function infer(model: OnnxModel): Inferred {
  const { values, shapes } = inferAll(model);
  return (name) => {
    const value = values.find((one) => one.name === name);
    if (value === undefined) throw new Error(`no node makes '${name}'`);
    return shapes.of(value);
  };
}

/**
 * Makes every value of the main graph an output, runs the model once for each of
 * `sizes`, and compares what is inferred with what comes out: type, rank, every dim and
 * every element that is not unknown.
 */
export async function checkShapes(
  model: OnnxModel,
  feedsOf: (sizes: Sizes) => Tensors,
  sizes: readonly Sizes[],
): Promise<Inferred> {
  const { values, shapes } = inferAll(model);
  const known = new Set(model.graph.outputs.map(({ name }) => name));
  const added = values.filter(({ name }) => !known.has(name));
  const outputs = [
    ...model.graph.outputs,
    ...added.map(({ name }) => ({ name, metadataProps: [] })),
  ];
  const bytes = writeModel({ ...model, graph: { ...model.graph, outputs } });
  for (const bound of sizes) {
    const observed = await runModel(bytes, feedsOf(bound));
    for (const value of values) {
      const what = `${value.producer?.opType} '${value.name}' at ${JSON.stringify(bound)}`;
      expectSound(shapes.of(value), { observed: observed[value.name], bound, what });
    }
  }
  return infer(model);
}

function inferAll(model: OnnxModel): {
  readonly values: readonly IrValue[];
  readonly shapes: ShapeMap;
} {
  const imported = importModel(model);
  const values = [...imported.graph.nodes].flatMap(({ outputs }) =>
    outputs.filter((value) => value !== null),
  );
  return { values, shapes: inferShapes(imported) };
}

function expectSound(
  { type, dims, elements }: ValueShape,
  run: { readonly observed: Tensor | undefined; readonly bound: Sizes; readonly what: string },
): void {
  const { observed, bound, what } = run;
  if (observed === undefined) throw new Error(`${what}: no such output`);
  const actual = Array.from(observed.data as ArrayLike<number | bigint>, Number);
  // What is unknown is taken from the run; the name goes along for the message.
  const expected = {
    what,
    type: type ?? observed.type,
    dims: dims?.map((dim, axis) => sizeOf(dim, bound) ?? observed.dims[axis]) ?? observed.dims,
    elements: elements?.map((element, index) => sizeOf(element, bound) ?? actual[index]) ?? actual,
  };
  expect({ what, type: observed.type, dims: observed.dims, elements: actual }).toEqual(expected);
}

/** The value of an expression such as `12*N*S+-1` or `min(4,S)`; null for an unknown one. */
function sizeOf(dim: Dim, bound: Sizes): number | null {
  if (typeof dim !== 'string') return dim;
  return dim.split('+').reduce((sum, term) => {
    return sum + term.split('*').reduce((product, factor) => product * factorOf(factor, bound), 1);
  }, 0);
}

function factorOf(factor: string, bound: Sizes): number {
  const minimum = /^min\((\d+),(\w+)\)$/.exec(factor);
  if (minimum !== null) return Math.min(Number(minimum[1]), bound[minimum[2] ?? ''] ?? NaN);
  return bound[factor] ?? Number(factor);
}

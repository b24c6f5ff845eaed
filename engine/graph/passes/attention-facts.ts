import type { IrModel } from '../ir/import-model.ts';
import { inferShapes } from '../shapes/infer-shapes.ts';
import type { ShapeMap } from '../shapes/value-shape.ts';
import type { ShapesOf } from './mask-axes.ts';

/** What the attention passes ask about a model. */
export interface AttentionFacts {
  readonly shapesOf: ShapesOf;
  /** Version of `ai.onnx`. */
  readonly opset: number;
}

/** Masks are made with CumSum and what else came with it. */
const OLDEST_OPSET = 11;

/** Shapes are inferred at the first question: most models have no attention. Null below opset 11. */
export function attentionFacts(model: IrModel): AttentionFacts | null {
  const opset = model.opsets.get('') ?? 0;
  if (opset < OLDEST_OPSET) return null;
  let shapes: ShapeMap | null = null;
  const shapesOf: ShapesOf = (value) => {
    shapes ??= inferShapes(model);
    return shapes.of(value);
  };
  return { shapesOf, opset };
}

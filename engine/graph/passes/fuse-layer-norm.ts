import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import {
  addOnes,
  beforeCast,
  isLastAxisMean,
  matchRootMeanSquare,
  NOT_LAST_AXIS,
  followLastAxis,
  type RootMeanSquare,
} from './normalization-pattern.ts';
import { visitNodes, type Pass } from './pass.ts';
import { isSelfContained, substitute } from './substitute.ts';

/** LayerNormalization is an operator of `ai.onnx` since this version. */
const LAYER_NORM_OPSET = 17;

/**
 * The nodes that exporters write for LayerNormalization become one: `(x - mean) /
 * sqrt(mean((x - mean)^2) + epsilon)` along the last axis, and a constant factor
 * and summand where they follow.
 */
export const fuseLayerNorm: Pass = Object.freeze({
  name: 'fuse-layer-norm',
  summary: 'joins the nodes of a LayerNormalization to one, from opset 17 on',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const opset = model.opsets.get('') ?? 0;
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchRootMeanSquare(node, shapeOf);
      const centred = match === null ? null : findCentred(match);
      if (match === null || centred === null) return;
      const tooOld = `LayerNormalization is an operator since opset ${LAYER_NORM_OPSET}, the model has ${opset}`;
      const problem = opset < LAYER_NORM_OPSET ? tooOld : match.problem;
      const reason = problem ?? fuse(match, { ...centred, shapeOf });
      if (reason === null) log.rewrote();
      else log.skipped(node, reason);
    });
  },
});

interface Centred {
  readonly x: IrValue;
  readonly means: readonly IrNode[];
  readonly nodes: readonly IrNode[];
}

/** The `x` from which both the numerator and what is squared subtract the mean. */
function findCentred({ numerator, squared }: RootMeanSquare): Centred | null {
  const { value, casts } = beforeCast(squared);
  const [first, second] = [subtractedMean(numerator), subtractedMean(value)];
  if (first === null || second === null || first.x !== second.x) return null;
  return {
    x: first.x,
    means: [first.mean, second.mean],
    nodes: [first.node, second.node, first.mean, second.mean, ...casts],
  };
}

interface SubtractedMean {
  readonly x: IrValue;
  readonly node: IrNode;
  readonly mean: IrNode;
}

/** `x - mean(x)`; some exporters write it twice. */
export function subtractedMean(value: IrValue): SubtractedMean | null {
  const node = value.producer;
  const [x = null, subtrahend = null] = node?.inputs ?? [];
  const mean = subtrahend?.producer ?? null;
  if (node === null || x === null || mean === null || !node.is('Sub')) return null;
  return mean.is('ReduceMean') && mean.inputs[0] === x ? { x, node, mean } : null;
}

/** Null when it was done, else why not. */
function fuse(
  match: RootMeanSquare,
  { x, means, nodes, shapeOf }: Centred & { readonly shapeOf: ShapeOf },
): string | null {
  const [end] = match.nodes;
  if (end === undefined || !means.every((mean) => isLastAxisMean(mean, shapeOf))) {
    return NOT_LAST_AXIS;
  }
  const size = shapeOf(x)?.at(-1);
  if (typeof size !== 'number') return 'the size of the last axis is not known';
  const following = followLastAxis(end, { size, operators: ['Mul', 'Add'] });
  const { last, operands } = following;
  if (!isSelfContained(new Set([...match.nodes, ...nodes, ...following.nodes]), last)) {
    return 'a part of it is used elsewhere too';
  }
  const scale = operands.get('Mul') ?? addOnes(last, size);
  const shift = operands.get('Add');
  substitute(last, {
    opType: 'LayerNormalization',
    inputs: shift === undefined ? [x, scale] : [x, scale, shift],
    attributes: new Map([
      ['axis', createAttribute('axis', { int: -1 })],
      ['epsilon', createAttribute('epsilon', { float: match.epsilon })],
    ]),
  });
  return null;
}

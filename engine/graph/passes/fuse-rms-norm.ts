import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import { subtractedMean } from './fuse-layer-norm.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import {
  addOnes,
  beforeCast,
  matchRootMeanSquare,
  followLastAxis,
  type RootMeanSquare,
} from './normalization-pattern.ts';
import { visitNodes, type Pass } from './pass.ts';
import { isSelfContained, substitute } from './substitute.ts';

/** RMSNormalization is an operator of `ai.onnx` since this version. */
const RMS_NORM_OPSET = 23;

/**
 * `x / sqrt(mean(x^2) + epsilon)` along the last axis and a constant factor become
 * RMSNormalization, below opset 23 the runtime's SimplifiedLayerNormalization. The
 * latter is the runtime's, but ONNX Runtime 1.30 has it in the domain of `ai.onnx`
 * and refuses it in its own.
 */
export const fuseRmsNorm: Pass = Object.freeze({
  name: 'fuse-rms-norm',
  summary: "joins the nodes of a root-mean-square normalization to the runtime's operator",
  pipeline: 'all',
  run: (model: IrModel) => {
    const isStandard = (model.opsets.get('') ?? 0) >= RMS_NORM_OPSET;
    const opType = isStandard ? 'RMSNormalization' : 'SimplifiedLayerNormalization';
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchRootMeanSquare(node, shapeOf);
      if (match === null) return;
      const reason = fuse(match, { opType, shapeOf });
      if (reason === null) log.rewrote();
      else log.skipped(node, reason);
    });
  },
});

/** Null when it was done, else why not. */
function fuse(
  match: RootMeanSquare,
  { opType, shapeOf }: { readonly opType: string; readonly shapeOf: ShapeOf },
): string | null {
  const { numerator: x, squared, epsilon, nodes } = match;
  const [end] = nodes;
  const inner = beforeCast(squared);
  // Both are float32: where one of them is a Cast of the other, it changes nothing.
  if (end === undefined || beforeCast(x).value !== inner.value) {
    return 'it divides something else than what it squares';
  }
  if (subtractedMean(inner.value) !== null) return 'it is the end of a layer normalization';
  if (match.problem !== null) return match.problem;
  const size = shapeOf(x)?.at(-1);
  if (typeof size !== 'number') return 'the size of the last axis is not known';
  const following = followLastAxis(end, { size, operators: ['Mul'] });
  const { last, operands } = following;
  const casts = inner.casts.filter((cast) => cast.output !== x);
  if (!isSelfContained(new Set([...nodes, ...casts, ...following.nodes]), last)) {
    return 'a part of it is used elsewhere too';
  }
  substitute(last, {
    opType,
    inputs: [x, operands.get('Mul') ?? addOnes(last, size)],
    attributes: new Map([
      ['axis', createAttribute('axis', { int: -1 })],
      ['epsilon', createAttribute('epsilon', { float: epsilon })],
    ]),
  });
  return null;
}

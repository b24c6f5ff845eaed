import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode } from '../ir/ir.ts';
import { readFloats } from '../tensor-values.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import {
  affineAfter,
  affineBefore,
  isLinear,
  readLinear,
  writeLinear,
  type ChannelAffine,
} from './linear-weights.ts';
import { visitNodes, type Pass, type RewriteLog } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * A BatchNormalization at inference scales and shifts every channel by constants,
 * so it moves into the weights of a Conv, ConvTranspose, Gemm or MatMul before or
 * after it. Computed in float64, rounded once.
 */
export const fuseBatchNorm: Pass = Object.freeze({
  name: 'fuse-batch-norm',
  summary: 'moves BatchNormalization into the weights of the Conv, Gemm or MatMul beside it',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      if (!isLinear(node)) return;
      while (absorbAfter(node, { log, shapeOf })) log.rewrote();
      while (absorbBefore(node, { log, shapeOf })) log.rewrote();
    });
  },
});

interface Context {
  readonly log: RewriteLog;
  readonly shapeOf: ShapeOf;
}

function absorbAfter(node: IrNode, { log, shapeOf }: Context): boolean {
  const norm = batchNormAfter(node, log);
  if (norm === null) return false;
  const reason = foldAfter(node, norm, shapeOf);
  if (reason !== null) {
    log.skipped(norm, reason);
    return false;
  }
  replaceUses(norm.output, node.output);
  removeDeadFrom(norm);
  return true;
}

function batchNormAfter(node: IrNode, log: RewriteLog): IrNode | null {
  const user = node.output.soleUser;
  if (user !== null) return isBatchNormOf(user, node) ? user : null;
  for (const use of node.output.uses) {
    if (isBatchNormOf(use.node, node)) {
      log.skipped(use.node, `what the ${node.opType} gives is used elsewhere too`);
    }
  }
  return null;
}

function isBatchNormOf(user: IrNode, node: IrNode): boolean {
  return (
    user.is('BatchNormalization') && user.inputs[0] === node.output && user.graph === node.graph
  );
}

function foldAfter(node: IrNode, norm: IrNode, shapeOf: ShapeOf): string | null {
  // The channels are axis 1, which is the last one of a matrix only.
  if (node.opType === 'MatMul' && shapeOf(node.inputs[0])?.length !== 2) return NOT_A_MATRIX;
  const affine = readBatchNorm(norm);
  if (typeof affine === 'string') return affine;
  const linear = readLinear(node);
  if (typeof linear === 'string') return linear;
  if (affine.scale.length !== linear.layout.outputs) return 'the channels do not match';
  return writeLinear(linear, affineAfter(linear, affine)) ? null : NOT_FINITE;
}

function absorbBefore(node: IrNode, { log, shapeOf }: Context): boolean {
  const norm = node.inputs[0]?.producer ?? null;
  if (norm === null || !norm.is('BatchNormalization') || norm.output !== node.inputs[0]) {
    return false;
  }
  const reason = foldBefore(node, norm, shapeOf);
  if (reason !== null) {
    log.skipped(norm, reason);
    return false;
  }
  node.setInput(0, norm.inputs[0] ?? null);
  removeDeadFrom(norm);
  return true;
}

function foldBefore(node: IrNode, norm: IrNode, shapeOf: ShapeOf): string | null {
  if (norm.output.soleUser !== node) return 'its output is used elsewhere too';
  if (node.opType === 'MatMul' && shapeOf(norm.inputs[0])?.length !== 2) return NOT_A_MATRIX;
  if (node.opType === 'Gemm' && intAttribute(node, 'transA', 0) !== 0) {
    return 'the Gemm transposes it: its channels are the rows';
  }
  const affine = readBatchNorm(norm);
  if (typeof affine === 'string') return affine;
  if (seesBorder(node) && affine.shift.some((value) => value !== 0)) {
    return `the ${node.opType} after it pads with zeros, which it would have to shift as well`;
  }
  const linear = readLinear(node);
  if (typeof linear === 'string') return linear;
  if (affine.scale.length !== linear.layout.inputs) return 'the channels do not match';
  return writeLinear(linear, affineBefore(linear, affine)) ? null : NOT_FINITE;
}

const NOT_A_MATRIX = 'the left side of the MatMul is not known to be a matrix';
const NOT_FINITE = 'the weights would leave the range of float32';

/** Whether outputs near the border see fewer inputs than the others do. */
function seesBorder(node: IrNode): boolean {
  if (node.opType === 'ConvTranspose') return true;
  if (node.opType !== 'Conv') return false;
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (autoPad !== 'NOTSET') return autoPad !== 'VALID';
  return intsAttribute(node, 'pads')?.some((pad) => pad !== 0) ?? false;
}

/** The scale and shift of each channel, or why they are not constant. */
function readBatchNorm(norm: IrNode): ChannelAffine | string {
  // Until opset 13 further outputs mean training, since 14 an attribute does.
  const isTraining = intAttribute(norm, 'training_mode', 0) !== 0;
  if (isTraining || norm.outputs.slice(1).some((value) => value !== null)) {
    return 'it computes statistics of the batch';
  }
  // Opset 7: statistics for each position as well.
  if (intAttribute(norm, 'spatial', 1) === 0) return 'it normalizes positions apart';
  const constants = [1, 2, 3, 4].map((index) => {
    const constant = norm.inputs[index]?.constant ?? null;
    return constant === null ? null : readFloats(constant);
  });
  const [gamma, beta, mean, variance] = constants;
  if (!gamma || !beta || !mean || !variance) return 'a parameter of it is no float32 constant';
  if (constants.some((constant) => constant?.length !== gamma.length)) {
    return 'its parameters differ in length';
  }
  const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (value, index) => {
    return value / Math.sqrt((variance[index] ?? 0) + epsilon);
  });
  const shift = Float64Array.from(beta, (value, index) => {
    return value - (mean[index] ?? 0) * (scale[index] ?? 0);
  });
  return { scale, shift };
}

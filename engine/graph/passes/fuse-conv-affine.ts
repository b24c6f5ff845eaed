import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';
import { constantOperand } from './constant-operand.ts';
import {
  affineAfter,
  readLinear,
  writeLinear,
  type ChannelAffine,
  type LinearNode,
} from './linear-weights.ts';
import { visitNodes, type Pass, type RewriteLog } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Mul, Div, Add or Sub with one constant for each channel, or one for all, moves
 * into the weights and the bias of the convolution before it. Computed in float64.
 */
export const fuseConvAffine: Pass = Object.freeze({
  name: 'fuse-conv-affine',
  summary: 'moves a constant factor or summand of each channel into the convolution before it',
  pipeline: 'clean',
  run: (model: IrModel) =>
    visitNodes(model, (node, log) => {
      if (!node.is('Conv') && !node.is('ConvTranspose')) return;
      while (absorbUser(node, log)) log.rewrote();
    }),
});

const AFFINE = new Set(['Mul', 'Div', 'Add', 'Sub']);

function absorbUser(node: IrNode, log: RewriteLog): boolean {
  const user = node.output.soleUser;
  if (user === null) {
    for (const use of node.output.uses) {
      if (isAffine(use.node))
        log.skipped(use.node, 'the convolution before it is used elsewhere too');
    }
    return false;
  }
  if (user.graph !== node.graph || !isAffine(user)) return false;
  const reason = fold(node, user);
  if (reason !== null) {
    log.skipped(user, reason);
    return false;
  }
  replaceUses(user.output, node.output);
  removeDeadFrom(user);
  return true;
}

function isAffine(node: IrNode): boolean {
  return node.isOneOf(AFFINE) && constantOperand(node) !== null;
}

/** Null when it was done, else why not. */
function fold(node: IrNode, user: IrNode): string | null {
  const operand = constantOperand(user);
  const linear = readLinear(node);
  if (typeof linear === 'string') return linear;
  if (operand === null || (user.opType === 'Div' && operand.index === 0)) {
    return 'it divides by what the convolution gives';
  }
  const values = perChannel(operand.constant, linear);
  if (values === null) return 'the constant is not one float32 for each channel';
  const affine = toAffine(user, values, operand.index === 0);
  return writeLinear(linear, affineAfter(linear, affine))
    ? null
    : 'the weights would leave the range of float32';
}

/**
 * One value for each output channel. ONNX aligns shapes at the end, so the channel
 * is the axis `rank - 1` from there: `[C, 1, 1]` for images. More axes than the
 * output has, or more channels, would change its shape.
 */
function perChannel(constant: OnnxTensor, { dims, layout }: LinearNode): Float64Array | null {
  const values = readFloats(constant);
  const size = tensorSize(constant);
  const channel = constant.dims.at(1 - dims.length);
  const fits = size === 1 || (size === layout.outputs && channel === size);
  if (values === null || !fits || constant.dims.length > dims.length) return null;
  return Float64Array.from({ length: layout.outputs }, (_, index) => {
    return values[size === 1 ? 0 : index] ?? 0;
  });
}

function toAffine(user: IrNode, values: Float64Array, isConstantFirst: boolean): ChannelAffine {
  const ones = new Float64Array(values.length).fill(1);
  const zeros = new Float64Array(values.length);
  if (user.opType === 'Mul') return { scale: values, shift: zeros };
  if (user.opType === 'Div') return { scale: values.map((value) => 1 / value), shift: zeros };
  if (user.opType === 'Add') return { scale: ones, shift: values };
  return isConstantFirst
    ? { scale: ones.fill(-1), shift: values }
    : { scale: ones, shift: values.map((value) => -value) };
}

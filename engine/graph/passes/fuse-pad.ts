import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readIntegers, readScalar, tensorSize } from '../tensor-values.ts';
import { visitNodes, type Pass, type RewriteLog } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Lets a convolution or pooling pad by itself what a Pad before it pads: begin and end
 * of each spatial axis are summed. Sizes of the output are the same by the formulas of
 * Conv and the pools, as long as they round down (no `ceil_mode`).
 */
export const fusePad: Pass = Object.freeze({
  name: 'fuse-pad',
  summary: 'moves a constant Pad into the Conv, AveragePool or MaxPool behind it',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const opset = model.opsets.get('') ?? 0;
    return visitNodes(model, (node, log) => {
      if (node.is('Pad')) fuse(node, opset, log);
    });
  },
});

function fuse(pad: IrNode, opset: number, log: RewriteLog): void {
  const [data = null] = pad.inputs;
  const [padded = null] = pad.outputs;
  const [use] = padded?.uses ?? [];
  const target = use?.node;
  if (data === null || use?.index !== 0 || target === undefined || !isTarget(target)) return;
  const fused = padded?.soleUser === target ? fusedPads(pad, target, opset) : SHARED;
  if (typeof fused === 'string') {
    log.skipped(pad, `not into ${target.opType}: ${fused}`);
    return;
  }
  target.setInput(0, data);
  target.attributes.delete('auto_pad');
  target.attributes.set('pads', createAttribute('pads', { ints: fused }));
  if (target.is('AveragePool')) {
    // The zeros that Pad wrote took part in the average.
    const included = createAttribute('count_include_pad', { int: 1 });
    target.attributes.set('count_include_pad', included);
  }
  removeDeadFrom(pad);
  log.rewrote();
}

const SHARED = 'the padded tensor is used elsewhere too';

function isTarget(node: IrNode): boolean {
  return node.is('Conv') || node.is('AveragePool') || node.is('MaxPool');
}

/** Of the node behind, or the reason why there are none. */
function fusedPads(pad: IrNode, target: IrNode, opset: number): readonly number[] | string {
  if (stringAttribute(pad, 'mode', 'constant') !== 'constant') return 'it pads with no constant';
  const rank = rankOf(pad, target, opset);
  if (rank === null) return 'the rank is not known';
  const added = spatialPads(pad, rank, opset);
  if (typeof added === 'string') return added;
  const own = ownPads(target, rank);
  if (own === null) return 'that computes its padding from the size';
  const fused = own.map((size, index) => size + (added[index] ?? 0));
  const obstacle = target.is('Conv')
    ? isZero(pad, opset)
      ? null
      : 'the padding is not 0'
    : poolObstacle(pad, target, { own, fused, opset });
  return obstacle ?? fused;
}

/** Without axes the pads cover every axis; otherwise the node behind says how many there are. */
function rankOf(pad: IrNode, target: IrNode, opset: number): number | null {
  const pads = padsOf(pad, opset);
  if (pads === null) return null;
  if (opset < 18 || (pad.inputs[3] ?? null) === null) return pads.length / 2;
  const spatial = intsAttribute(target, 'kernel_shape')?.length;
  if (spatial !== undefined) return spatial + 2;
  return target.is('Conv') ? (target.inputs[1]?.constant?.dims.length ?? null) : null;
}

/** Begins, then ends; an attribute before opset 11. */
function padsOf(pad: IrNode, opset: number): readonly number[] | null {
  return opset < 11 ? intsAttribute(pad, 'pads') : integersOf(pad.inputs[1]);
}

function integersOf(value: IrValue | null | undefined): readonly number[] | null {
  const constant = value?.constant ?? null;
  return constant === null ? null : readIntegers(constant);
}

/** Begins and ends of the spatial axes, or why they are not all there is. */
function spatialPads(pad: IrNode, rank: number, opset: number): readonly number[] | string {
  const pads = padsOf(pad, opset) ?? [];
  const hasAxes = opset >= 18 && (pad.inputs[3] ?? null) !== null;
  const axes = hasAxes ? integersOf(pad.inputs[3]) : [...Array(rank).keys()];
  if (axes === null) return 'its axes are not constant';
  if (!Number.isInteger(rank) || pads.length !== 2 * axes.length) return 'its pads fit no shape';
  const all = Array.from({ length: 2 * rank }, () => 0);
  for (const [index, axis] of axes.entries()) {
    const at = axis < 0 ? axis + rank : axis;
    if (at < 0 || at >= rank) return 'its pads fit no shape';
    all[at] = pads[index] ?? 0;
    all[at + rank] = pads[index + axes.length] ?? 0;
  }
  if (all.some((size) => size < 0)) return 'it crops';
  if ([0, 1, rank, rank + 1].some((at) => all[at] !== 0)) return 'it pads batch or channels';
  return [...all.slice(2, rank), ...all.slice(rank + 2)];
}

/** Null where `auto_pad` asks for what depends on the size. */
function ownPads(target: IrNode, rank: number): readonly number[] | null {
  const none = Array.from({ length: 2 * (rank - 2) }, () => 0);
  const autoPad = stringAttribute(target, 'auto_pad', 'NOTSET');
  if (autoPad === 'VALID') return none;
  const own = intsAttribute(target, 'pads') ?? none;
  return autoPad === 'NOTSET' && own.length === none.length ? own : null;
}

interface PoolPads {
  readonly own: readonly number[];
  readonly fused: readonly number[];
  readonly opset: number;
}

function poolObstacle(pad: IrNode, pool: IrNode, { own, fused, opset }: PoolPads): string | null {
  const kernel = intsAttribute(pool, 'kernel_shape') ?? [];
  if (intAttribute(pool, 'ceil_mode', 0) !== 0) return 'that rounds its size up';
  if (intsAttribute(pool, 'dilations')?.some((size) => size !== 1) === true)
    return 'that is dilated';
  // The runtime refuses a window that could lie in the padding altogether.
  if (fused.some((size, index) => size >= (kernel[index % kernel.length] ?? 0))) {
    return 'there would be more padding than kernel';
  }
  return pool.is('AveragePool')
    ? averageObstacle(pad, pool, { own, fused, opset })
    : maximumObstacle(pad, pool, opset);
}

/** Padding of its own that does not count cannot be mixed with zeros that do. */
function averageObstacle(pad: IrNode, pool: IrNode, { own, opset }: PoolPads): string | null {
  if (opset < 7) return 'that cannot count its padding in this opset';
  if (!isZero(pad, opset)) return 'the padding is not 0';
  const counts = intAttribute(pool, 'count_include_pad', 0) !== 0;
  return counts || own.every((size) => size === 0) ? null : 'that does not count its own padding';
}

/** It pads with the lowest number: a 0 is the same only beside numbers that are not below. */
function maximumObstacle(pad: IrNode, pool: IrNode, opset: number): string | null {
  if ((pool.outputs[1] ?? null) !== null) return 'its indices are of the padded tensor';
  if (paddingOf(pad, opset) === -Infinity) return null;
  if (!isZero(pad, opset)) return 'the padding is neither 0 nor the lowest number';
  return isNonNegative(pad.inputs[0]?.producer ?? null, opset)
    ? null
    : 'what it pads may be negative';
}

function isNonNegative(node: IrNode | null, opset: number): boolean {
  if (node === null || node.domain !== '') return false;
  if (node.opType !== 'Clip') return NON_NEGATIVE.has(node.opType);
  if (opset < 11) return floatAttribute(node, 'min', -Infinity) >= 0;
  return (readScalar(node.inputs[1]?.constant ?? null) ?? -Infinity) >= 0;
}

const NON_NEGATIVE: ReadonlySet<string> = new Set(['Abs', 'Exp', 'Relu', 'Sigmoid', 'Softmax']);

/** The number that it pads with; null where it is no constant float. */
function paddingOf(pad: IrNode, opset: number): number | null {
  if (opset < 11) return floatAttribute(pad, 'value', 0);
  const value = pad.inputs[2] ?? null;
  return value === null ? 0 : readScalar(value.constant);
}

/** Of any type: zeros are zero bytes in each. */
function isZero(pad: IrNode, opset: number): boolean {
  const padding = paddingOf(pad, opset);
  if (padding !== null) return padding === 0;
  const constant = pad.inputs[2]?.constant ?? null;
  if (constant === null || tensorSize(constant) !== 1) return false;
  const { rawData = new Uint8Array(0) } = constant;
  return rawData.length > 0 && rawData.every((byte) => byte === 0);
}

import { intAttribute } from '../attributes.ts';
import { elementTypeName } from '../element-type.ts';
import type { IrNode } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { tensorKey } from '../tensor-key.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';

/** How a QuantizeLinear or DequantizeLinear maps integers to reals. */
export interface QuantizationParameters {
  readonly scale: OnnxTensor;
  /** Element type of the integers where a zero point tells it. */
  readonly type: string | null;
  /** Equal for equal parameters, bit by bit. */
  readonly key: string;
}

/** Null where they are not constant, or the node is none of the two. */
export function readQuantization(node: IrNode): QuantizationParameters | null {
  if (!node.is('QuantizeLinear') && !node.is('DequantizeLinear')) return null;
  const scale = node.inputs[1]?.constant ?? null;
  const zeroValue = node.inputs[2] ?? null;
  const zero = zeroValue?.constant ?? null;
  if (scale === null || (zeroValue !== null && zero === null)) return null;
  const keys = [tensorKey(scale), zero === null ? '' : tensorKey(zero)];
  if (keys.includes(null)) return null;
  // One scale for all has no axis; without the attribute it is 1.
  const axis = scale.dims.length === 0 ? 0 : intAttribute(node, 'axis', 1);
  return {
    scale,
    type: zero === null ? null : elementTypeName(zero.dataType),
    key: JSON.stringify([...keys, axis, intAttribute(node, 'block_size', 0)]),
  };
}

const SMALL_INTEGERS = new Set(['uint8', 'int8', 'uint16', 'int16', 'uint4', 'int4']);
/** Products and quotients stay clear of denormals and infinities. */
const SCALES = { least: 2 ** -100, most: 2 ** 100 };

/**
 * Whether to dequantize and quantize with these gives back every integer: both
 * round by 2^-24 at most, so that with up to 16 bits the result is within 0.01 of
 * the integer. For other scales and types it is not proven here.
 */
export function isExactRoundTrip({ scale, type }: QuantizationParameters): boolean {
  const scales = readFloats(scale);
  if (scales === null || type === null || !SMALL_INTEGERS.has(type)) return false;
  return scales.every((one) => Math.abs(one) >= SCALES.least && Math.abs(one) <= SCALES.most);
}

/** One scale for the whole tensor. */
export function isPerTensor({ scale }: QuantizationParameters): boolean {
  return tensorSize(scale) === 1 && scale.dims.length <= 1;
}

import { floatAttribute, intAttribute } from '../attributes.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readFloats } from '../tensor-values.ts';
import type { ShapeOf } from './known-shape.ts';

/** A LayerNormalization or RMSNormalization of the last axis alone, its constants float32. */
export interface NormalizationNode {
  readonly x: IrValue;
  /** `[size]`. */
  readonly scale: IrValue;
  /** `[size]`; null for none. */
  readonly shift: IrValue | null;
  /** Of the last axis. */
  readonly size: number;
  readonly epsilon: number;
}

/** ONNX: LayerNormalization-17, RMSNormalization-23; the runtime's SimplifiedLayerNormalization. */
const DEFAULT_EPSILON = 1e-5;

/** What the runtime's fused normalizations need to know of one, or why they cannot do it. */
export function readNormalization(node: IrNode, shapeOf: ShapeOf): NormalizationNode | string {
  const [x = null, scale = null, shift = null] = node.inputs;
  const dims = shapeOf(x);
  const axis = intAttribute(node, 'axis', -1);
  const size = dims?.at(-1);
  if (x === null || dims === null || typeof size !== 'number') {
    return 'the size of the last axis is not known';
  }
  if (axis !== -1 && axis !== dims.length - 1) return 'it normalizes more than the last axis';
  if (node.outputs.slice(1).some((value) => value !== null && !value.isUnused)) {
    return 'its mean or deviation is used too';
  }
  if (scale === null || !isVector(scale, size) || (shift !== null && !isVector(shift, size))) {
    return 'its factor or summand is not one float32 constant for each entry of the last axis';
  }
  return { x, scale, shift, size, epsilon: floatAttribute(node, 'epsilon', DEFAULT_EPSILON) };
}

function isVector({ constant }: IrValue, size: number): boolean {
  if (constant === null || constant.dims.length !== 1) return false;
  return readFloats(constant)?.length === size;
}

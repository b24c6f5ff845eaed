import { elementTypeName } from '../element-type.ts';
import type { Inference, Inferences } from './operator.ts';
import { shaped } from './value-shape.ts';

/** The zero point has the quantized type; without one `output_dtype`, else uint8. */
export const quantize: Inference = (op) => {
  const type = elementTypeName(op.int('output_dtype', 0)) ?? 'uint8';
  return shaped(op.has(2) ? op.type(2) : type, op.dims(0));
};

export const dequantize: Inference = (op) => {
  const type = elementTypeName(op.int('output_dtype', 0));
  return shaped(type ?? op.type(1), op.dims(0));
};

/** The tensor, its scale and its zero point. */
const dynamicQuantize: Inference = (op) => [
  shaped('uint8', op.dims(0)),
  shaped('float32', []),
  shaped('uint8', []),
];

export const quantizations: Inferences = {
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  QuantizeLinear: quantize,
};

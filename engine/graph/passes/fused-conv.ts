import { floatAttribute } from '../attributes.ts';
import { createAttribute } from '../create-attribute.ts';
import { elementTypeName } from '../element-type.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readScalar } from '../tensor-values.ts';

/** An activation as the runtime's FusedConv takes it. */
export interface Activation {
  readonly name: string;
  readonly params: readonly number[];
}

export const RUNTIME_DOMAIN = 'com.microsoft';

/** Makes the node a FusedConv in place. */
export function toFusedConv(model: IrModel, conv: IrNode, activation: Activation | null): void {
  conv.opType = 'FusedConv';
  conv.domain = RUNTIME_DOMAIN;
  useRuntimeDomain(model);
  if (activation === null) return;
  const { name, params } = activation;
  conv.attributes.set('activation', createAttribute('activation', { string: name }));
  if (params.length === 0) return;
  conv.attributes.set(
    'activation_params',
    createAttribute('activation_params', { floats: params }),
  );
}

/** The runtime's own operators have version 1. */
export function useRuntimeDomain(model: IrModel): void {
  if (!model.opsets.has(RUNTIME_DOMAIN)) model.opsets.set(RUNTIME_DOMAIN, 1);
}

/** Of a convolution: its weights tell, or a declared type; FusedConv has a float32 kernel alone. */
export function isFloat32Conv(conv: IrNode): boolean {
  const values = [conv.inputs[1] ?? null, conv.inputs[0] ?? null, conv.output];
  return values.some((value) => value !== null && elementTypeOf(value) === 'float32');
}

function elementTypeOf(value: IrValue): string | null {
  const { initializer, info } = value;
  return elementTypeName(initializer?.dataType ?? info?.type?.tensorType?.elemType);
}

const PLAIN = new Set(['Relu', 'Sigmoid', 'Tanh', 'HardSwish']);
const ACTIVATIONS = new Set([...PLAIN, 'Clip', 'LeakyRelu', 'HardSigmoid']);

/** Whether ONNX Runtime 1.30's FusedConv knows it; it refuses others, such as Elu. */
export function isActivation(node: IrNode): boolean {
  return node.isOneOf(ACTIVATIONS);
}

/** With its parameters, or why they cannot be had. Defaults: the ONNX operators'. */
export function readActivation(node: IrNode): Activation | string {
  const { opType: name } = node;
  if (name === 'LeakyRelu') return { name, params: [floatAttribute(node, 'alpha', 0.01)] };
  if (name === 'HardSigmoid') {
    return {
      name,
      params: [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)],
    };
  }
  if (name !== 'Clip') return { name, params: [] };
  const min = clipBound(node, { index: 1, name: 'min', fallback: -LARGEST });
  const max = clipBound(node, { index: 2, name: 'max', fallback: LARGEST });
  if (min === null || max === null) return 'a bound of it is no float32 constant';
  // Where min > max the operator gives max (since opset 13), the kernel need not.
  return min > max ? 'its bounds are the wrong way round' : { name, params: [min, max] };
}

/** The largest float32, Clip's default bound. */
const LARGEST = 3.402_823_466_385_288_6e38;

/** Attributes until opset 6, inputs since 11. */
function clipBound(
  node: IrNode,
  bound: { readonly index: number; readonly name: string; readonly fallback: number },
): number | null {
  const input = node.inputs[bound.index] ?? null;
  if (input !== null) return readScalar(input.constant);
  return floatAttribute(node, bound.name, bound.fallback);
}

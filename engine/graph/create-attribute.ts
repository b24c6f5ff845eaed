import type { OnnxAttribute, OnnxGraph, OnnxSparseTensor, OnnxTensor, OnnxType } from './model.ts';

/** A value with its kind, because a JavaScript number could be an int or a float. */
export type AttributeValue =
  | { readonly float: number }
  | { readonly int: number | bigint }
  | { readonly string: string }
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph }
  | { readonly sparseTensor: OnnxSparseTensor }
  | { readonly type: OnnxType }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly strings: readonly string[] }
  | { readonly tensors: readonly OnnxTensor[] }
  | { readonly graphs: readonly OnnxGraph[] }
  | { readonly sparseTensors: readonly OnnxSparseTensor[] }
  | { readonly types: readonly OnnxType[] };

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = Object.freeze({
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
});

export function createAttribute(name: string, value: AttributeValue): OnnxAttribute {
  const [kind] = Object.keys(value);
  const type = ATTRIBUTE_TYPES[kind as keyof typeof ATTRIBUTE_TYPES];
  return { ...EMPTY, name, type, ...payload(value) };
}

const EMPTY = Object.freeze({
  floats: [],
  ints: [],
  strings: [],
  tensors: [],
  graphs: [],
  typeProtos: [],
  sparseTensors: [],
} satisfies OnnxAttribute);

function payload(value: AttributeValue): Partial<OnnxAttribute> {
  if ('float' in value) return { f: value.float };
  if ('int' in value) return { i: BigInt(value.int) };
  if ('string' in value) return { s: new TextEncoder().encode(value.string) };
  if ('tensor' in value) return { t: value.tensor };
  if ('graph' in value) return { g: value.graph };
  if ('sparseTensor' in value) return { sparseTensor: value.sparseTensor };
  if ('type' in value) return { tp: value.type };
  if ('ints' in value) return { ints: value.ints.map(BigInt) };
  if ('strings' in value) {
    const encoder = new TextEncoder();
    return { strings: value.strings.map((text) => encoder.encode(text)) };
  }
  if ('types' in value) return { typeProtos: value.types };
  // floats, tensors, graphs and sparseTensors are named as in the message.
  return value;
}

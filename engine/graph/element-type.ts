/** Names of TensorProto.DataType by number; the names are the runtime's. */
const ELEMENT_TYPES: readonly string[] = Object.freeze([
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
]);

const INTEGERS = /^u?int\d+$/;

/** `float32` for 1; null for a number that this version does not know. */
export function elementTypeName(dataType: number | undefined): string | null {
  if (dataType === undefined || dataType === 0) return null;
  return ELEMENT_TYPES[dataType] ?? null;
}

/** 1 for `float32`; a name that is not in the table is a programmer's error. */
export function elementTypeNumber(name: string): number {
  const number = ELEMENT_TYPES.indexOf(name);
  if (number <= 0) throw new RangeError(`'${name}' is not an ONNX element type`);
  return number;
}

export function isIntegerType(name: string | null): boolean {
  return name !== null && INTEGERS.test(name);
}

const BITS = /(\d+)(e\d.*)?$/;

/** Bytes of one element; null for texts and for types of which a byte holds several. */
export function elementByteLength(name: string): number | null {
  if (name === 'bool') return 1;
  const bits = Number(BITS.exec(name)?.[1] ?? 0);
  return bits < 8 ? null : bits / 8;
}

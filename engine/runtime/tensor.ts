/**
 * A tensor as the engine passes it around: plain data, no runtime object.
 * `dims` is row-major; `data` has exactly the product of `dims` elements and
 * may be a view, also of a SharedArrayBuffer. The runtime reads it in place:
 * the caller must not write to it until the inference is answered.
 */
export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Tensors by the name of the model's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type TensorData = NumericArray | readonly string[];

/** A tensor element type that crosses the runtime's boundary. */
export type TensorType = keyof typeof ELEMENT_ARRAYS | 'string';

interface ElementArray {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericArray;
}

/** float16 is carried as its bits; bool as one byte. */
const ELEMENT_ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<string, ElementArray>;

/** A numeric tensor type: every one but `string`. */
export type NumericType = Exclude<TensorType, 'string'>;

/** The typed array that carries a numeric type. */
export type ArrayOf<Type extends NumericType> = InstanceType<(typeof ELEMENT_ARRAYS)[Type]>;

export function isNumericType(type: string): type is NumericType {
  return Object.hasOwn(ELEMENT_ARRAYS, type);
}

/** Bytes of one element of the type. */
export function elementBytes(type: NumericType): number {
  return ELEMENT_ARRAYS[type].BYTES_PER_ELEMENT;
}

/** A typed view of `length` elements; `byteOffset` must be aligned for the type. */
export function viewElements(
  type: NumericType,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): NumericArray {
  const arrayOf: ElementArray = ELEMENT_ARRAYS[type];
  return new arrayOf(buffer, byteOffset, length);
}

/** Whether data is of the class that carries the type: an array of texts, or the typed array. */
export function isDataOf(type: TensorType, data: unknown): data is TensorData {
  return type === 'string'
    ? Array.isArray(data) && data.every((text) => typeof text === 'string')
    : data instanceof ELEMENT_ARRAYS[type];
}

/** The name of the class that carries the type, for messages. */
export function dataClassOf(type: TensorType): string {
  return type === 'string' ? 'Array of strings' : ELEMENT_ARRAYS[type].name;
}

/** Elements of a shape; the empty shape is a scalar, one element. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

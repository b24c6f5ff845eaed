import { z } from 'zod';
import { UserError } from '../../../engine/base/errors.ts';
import { parseAs } from '../../../engine/base/json.ts';
import {
  viewElements,
  elementBytes,
  type NumericArray,
  type NumericType,
  type Tensor,
  type TensorData,
  type Tensors,
  type TensorType,
} from '../../../engine/runtime/tensor.ts';

/**
 * Tensors in the JSON of the Open Inference Protocol, version 2. Its binary extension is not
 * spoken here: float16 has no form in JSON and is refused.
 */
const V2_TYPES: Readonly<Record<Exclude<TensorType, 'float16'>, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  int8: 'INT8',
  uint8: 'UINT8',
  int16: 'INT16',
  uint16: 'UINT16',
  int32: 'INT32',
  uint32: 'UINT32',
  int64: 'INT64',
  uint64: 'UINT64',
  bool: 'BOOL',
  string: 'BYTES',
};

const requestSchema = z.object({
  id: z.string().max(256).optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(0)).max(32),
        datatype: z.string(),
        data: z.array(z.unknown()),
      }),
    )
    .min(1)
    .max(256),
});

export interface InferRequest {
  readonly id: string | undefined;
  readonly feeds: Tensors;
}

/** Throws UserError that names what is wrong; the engine checks names and shapes. */
export function parseInferRequest(text: string): InferRequest {
  const { id, inputs } = parseAs(parseJson(text), requestSchema, 'this is no inference request');
  return { id, feeds: Object.fromEntries(inputs.map((input) => [input.name, toTensor(input)])) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new UserError('the body is not JSON', { cause: thrown });
  }
}

type V2Tensor = z.infer<typeof requestSchema>['inputs'][number];

function toTensor({ name, shape, datatype, data }: V2Tensor): Tensor {
  const type = (Object.keys(V2_TYPES) as (keyof typeof V2_TYPES)[]).find(
    (one) => V2_TYPES[one] === datatype,
  );
  if (type === undefined) {
    throw new UserError(`input '${name}': the datatype '${datatype}' is not read from JSON`, {
      remedy: `use one of ${Object.values(V2_TYPES).join(', ')}`,
    });
  }
  // The protocol allows rows within rows; not deeper than there are dimensions.
  const flat: unknown[] = shape.length > 1 ? data.flat(shape.length - 1) : data;
  return { type, dims: shape, data: toData(flat, type, name) };
}

function toData(values: readonly unknown[], type: TensorType, name: string): TensorData {
  if (type === 'string') return values.map((value) => checked(value, 'string', name));
  const numeric: NumericType = type;
  const buffer = new ArrayBuffer(values.length * elementBytes(numeric));
  const array = viewElements(numeric, buffer, 0, values.length);
  for (const [index, value] of values.entries()) store(array, index, { value, type, name });
  return array;
}

function store(
  array: NumericArray,
  index: number,
  { value, type, name }: { value: unknown; type: TensorType; name: string },
): void {
  if (type === 'bool') {
    array[index] = checked(value, 'boolean', name) ? 1 : 0;
    return;
  }
  const number = checked(value, 'number', name);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    if (!Number.isSafeInteger(number)) throw wrongElement(name, 'an integer below 2^53');
    array[index] = BigInt(number);
  } else {
    array[index] = number;
  }
}

interface Primitives {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

function checked<Kind extends keyof Primitives>(
  value: unknown,
  kind: Kind,
  name: string,
): Primitives[Kind] {
  if (typeof value === kind) return value as Primitives[Kind];
  throw wrongElement(name, `a ${kind}`);
}

function wrongElement(name: string, expected: string): UserError {
  return new UserError(`input '${name}': each element of data must be ${expected}`);
}

/** The answer as the protocol has it; numbers of 64 bits lose what JSON cannot carry. */
export function inferResponse(model: string, { id }: InferRequest, outputs: Tensors): object {
  return {
    model_name: model,
    ...(id !== undefined && { id }),
    outputs: Object.entries(outputs).map(([name, { type, dims, data }]) => ({
      name,
      shape: dims,
      datatype: v2Type(type),
      data: Array.from<unknown, unknown>(data, (value) => toJson(value, type)),
    })),
  };
}

/** `FP32` for float32, `FP16` for what has a name only. */
export function v2Type(type: TensorType): string {
  return type === 'float16' ? 'FP16' : V2_TYPES[type];
}

function toJson(value: unknown, type: TensorType): unknown {
  if (type === 'float16') {
    throw new UserError('an output is float16, which has no form in JSON', {
      remedy: 'cast it to float32 in the model',
    });
  }
  if (type === 'bool') return value === 1;
  return typeof value === 'bigint' ? Number(value) : value;
}

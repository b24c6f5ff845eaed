import type { ModelDescription, ValueDescription } from '../../../engine/graph/describe.ts';

/** Triton's names of the element types; what has none is left for Triton to find out. */
const TRITON_TYPES: ReadonlyMap<string, string> = new Map([
  ['bool', 'TYPE_BOOL'],
  ['uint8', 'TYPE_UINT8'],
  ['uint16', 'TYPE_UINT16'],
  ['uint32', 'TYPE_UINT32'],
  ['uint64', 'TYPE_UINT64'],
  ['int8', 'TYPE_INT8'],
  ['int16', 'TYPE_INT16'],
  ['int32', 'TYPE_INT32'],
  ['int64', 'TYPE_INT64'],
  ['float16', 'TYPE_FP16'],
  ['float32', 'TYPE_FP32'],
  ['float64', 'TYPE_FP64'],
  ['string', 'TYPE_STRING'],
  ['bfloat16', 'TYPE_BF16'],
]);

/**
 * `max_batch_size`: 0 where the first dimension of an input or output is fixed, so that
 * Triton takes shapes as they are and merges nothing.
 */
export function tritonBatch({ inputs, outputs }: ModelDescription, maxSize: number): number {
  const isFree = ({ dims }: ValueDescription): boolean =>
    dims !== null && dims.length > 0 && typeof dims[0] !== 'number';
  return [...inputs, ...outputs].every(isFree) ? maxSize : 0;
}

/**
 * The inputs and outputs, without the dimension of the batch where there is one. None where
 * one cannot be written: Triton then completes the config from the model.
 */
export function tensorBlocks(model: ModelDescription, batched: boolean): string[] {
  const { inputs, outputs } = model;
  const blocks = [
    ...inputs.map((value) => tensorBlock('input', value, batched)),
    ...outputs.map((value) => tensorBlock('output', value, batched)),
  ];
  return blocks.every((block) => block !== null) ? blocks : [];
}

function tensorBlock(
  kind: 'input' | 'output',
  { name, elementType, dims }: ValueDescription,
  batched: boolean,
): string | null {
  const type = TRITON_TYPES.get(elementType ?? '');
  if (type === undefined || dims === null || dims.length === 0) return null;
  const sizes = dims.slice(batched ? 1 : 0).map((dim) => (typeof dim === 'number' ? dim : -1));
  // Triton wants at least one dimension beside the batch; a vector of batches has none.
  const isVector = sizes.length === 0;
  const shape = isVector ? '1' : sizes.join(', ');
  const reshape = isVector ? '\n    reshape { shape: [ ] }' : '';
  return `${kind} [\n  {\n    name: ${quoted(name)}\n    data_type: ${type}\n    dims: [ ${shape} ]${reshape}\n  }\n]`;
}

/** A string of the protobuf text format, its bytes beyond printable ASCII as octal escapes. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')].map((byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') return `\\${char}`;
    return byte >= 0x20 && byte < 0x7f ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${bytes.join('')}"`;
}

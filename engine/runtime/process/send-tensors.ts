import { UserError } from '../../base/errors.ts';
import {
  elementBytes,
  elementCount,
  type NumericArray,
  type NumericType,
  type Tensor,
  type Tensors,
} from '../tensor.ts';
import type { Arena } from './arena.ts';
import type { PlacedTensor, Segment, WireTensor, WireTensors } from './messages.ts';
import { Placement, type Extent } from './placement.ts';

export interface SendOptions {
  /** Parts of the arena that must stay as they are. */
  readonly taken?: readonly Extent[];
  /** The named shared memory that a buffer is, where the other side can map it. */
  readonly segmentOf?: (buffer: ArrayBufferLike) => Segment | null;
}

/**
 * Tells where tensors lie; what the other side cannot see is copied into the
 * arena, and texts are part of the message. Throws UserError for a tensor whose
 * data does not have its size, and when the arena cannot hold them all.
 */
export function sendTensors(
  tensors: Tensors,
  arena: Arena,
  options: SendOptions = {},
): WireTensors {
  const wire: Record<string, WireTensor | null> = {};
  const taken = [...(options.taken ?? [])];
  for (const name of Object.keys(tensors)) {
    const tensor = checkedTensor(name, tensors[name] as Tensor);
    const told = tellInPlace(tensor, arena, options);
    const extent = told === null ? null : arenaExtentOf(told);
    if (extent !== null) taken.push(extent);
    // Null keeps the order of the tensors.
    wire[name] = told;
  }
  copyTheRest(wire, tensors, arena, new Placement(taken));
  return wire as WireTensors;
}

function checkedTensor(name: string, tensor: Tensor): Tensor {
  const { type, dims, data } = tensor;
  const elements = elementCount(dims);
  const isWhole =
    data.length === elements &&
    (type === 'string' || (data as NumericArray).byteLength === elements * elementBytes(type));
  if (isWhole) return tensor;
  throw new UserError(
    `tensor '${name}' is ${type}[${dims.join(', ')}] but has ${data.length} elements of another size or number`,
    { remedy: 'give as many elements as the product of the dimensions, in an array of the type' },
  );
}

/** Null where it must be copied. */
function tellInPlace(tensor: Tensor, arena: Arena, options: SendOptions): WireTensor | null {
  const { type, dims } = tensor;
  if (type === 'string') return { type, dims, texts: tensor.data as readonly string[] };
  const { buffer, byteOffset } = tensor.data as NumericArray;
  if (arena.owns(buffer)) return { type, dims, offset: byteOffset };
  const segment = options.segmentOf?.(buffer) ?? null;
  if (segment === null) return null;
  const { name, id } = segment;
  return { type, dims, offset: byteOffset, segment: { name, id } };
}

function copyTheRest(
  wire: Record<string, WireTensor | null>,
  tensors: Tensors,
  arena: Arena,
  placement: Placement,
): void {
  const copies: { readonly data: NumericArray; readonly offset: number }[] = [];
  for (const name of Object.keys(wire)) {
    if (wire[name] !== null) continue;
    const { type, dims, data } = tensors[name] as Tensor & {
      type: NumericType;
      data: NumericArray;
    };
    const { offset } = placement.place(data.byteLength);
    copies.push({ data, offset });
    wire[name] = { type, dims, offset };
  }
  arena.ensure(placement.endBytes());
  for (const { data, offset } of copies) {
    const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(arena.buffer, offset, data.byteLength).set(source);
  }
}

/** What a tensor takes of the arena; null for texts and for what lies in a segment. */
export function arenaExtentOf(tensor: WireTensor): Extent | null {
  if (tensor.type === 'string' || tensor.segment !== undefined) return null;
  return { offset: tensor.offset, sizeBytes: byteLengthOf(tensor) };
}

function byteLengthOf({ type, dims }: PlacedTensor): number {
  return elementCount(dims) * elementBytes(type);
}

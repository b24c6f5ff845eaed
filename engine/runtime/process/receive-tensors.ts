import { elementBytes, elementCount, viewElements, type Tensor, type Tensors } from '../tensor.ts';
import type { PlacedTensor, Segment, WireTensor, WireTensors } from './messages.ts';

/** The memory behind a segment, or the arena's for none. */
export type MemoryOf = (segment: Segment | undefined) => ArrayBuffer;

/** Tensors that are views of the shared memory: they last as long as it does. */
export function viewTensors(wire: WireTensors, memoryOf: MemoryOf): Tensors {
  return mapTensors(wire, (placed) => viewOf(placed, memoryOf(placed.segment), placed.offset));
}

/** Tensors that belong to whoever asks. */
export function copyTensors(wire: WireTensors, memoryOf: MemoryOf): Tensors {
  return mapTensors(wire, (placed) => {
    const { type, dims, offset, segment } = placed;
    const end = offset + elementCount(dims) * elementBytes(type);
    return viewOf(placed, memoryOf(segment).slice(offset, end), 0);
  });
}

function viewOf({ type, dims }: PlacedTensor, memory: ArrayBuffer, offset: number): Tensor {
  const elements = elementCount(dims);
  // Nothing may lie anywhere, also at the end of memory or where there is none.
  if (elements === 0) return { type, dims, data: viewElements(type, new ArrayBuffer(0), 0, 0) };
  return { type, dims, data: viewElements(type, memory, offset, elements) };
}

function mapTensors(wire: WireTensors, receive: (placed: PlacedTensor) => Tensor): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const name of Object.keys(wire)) {
    const tensor = wire[name] as WireTensor;
    tensors[name] =
      tensor.type === 'string'
        ? { type: 'string', dims: tensor.dims, data: tensor.texts }
        : receive(tensor);
  }
  return tensors;
}

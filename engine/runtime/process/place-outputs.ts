import { elementBytes, elementCount, type Tensors } from '../tensor.ts';
import type { Arena } from './arena.ts';
import type { PlacedTensor } from './messages.ts';
import type { OutputShapes } from './output-shapes.ts';
import { Placement, type Extent } from './placement.ts';
import { viewTensors } from './receive-tensors.ts';

/**
 * Room for outputs in the arena, clear of what is `taken` there. Throws UserError when the
 * arena cannot hold them. Feeds that are views of the arena stay valid when it grows.
 */
export function placeOutputs(
  shapes: OutputShapes,
  arena: Arena,
  taken: readonly Extent[],
): Tensors {
  const placement = new Placement(taken);
  const placed: Record<string, PlacedTensor> = {};
  for (const [name, { type, dims }] of Object.entries(shapes)) {
    const { offset } = placement.place(elementCount(dims) * elementBytes(type));
    placed[name] = { type, dims, offset };
  }
  arena.ensure(placement.endBytes());
  return viewTensors(placed, () => arena.buffer);
}

import type { Dim } from '../describe.ts';
import { normalizeAxis, type Inference, type Inferences, type Operator } from './operator.ts';
import { shaped, unknownDims } from './value-shape.ts';

/** Resize and Upsample. */

/** Input positions of scales and sizes: scales alone before opset 11. */
const resize: Inference = (op) => {
  const dims = op.dims(0);
  if (dims === null) return shaped(op.type(0), null);
  const axes = op.ints('axes') ?? [...dims.keys()];
  const isPlain = op.text('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const sizes = op.opset >= 11 && op.has(3) ? op.elements(3) : null;
  if (!isPlain || (op.has(3) && sizes === null))
    return shaped(op.type(0), unknownDims(dims.length));
  const scales = sizes === null ? op.numbers(op.opset >= 11 ? 2 : 1) : null;
  return shaped(op.type(0), scaled(op, axes, { sizes, scales }));
};

/** Scales were an attribute before opset 9. */
const upsample: Inference = (op) => {
  const dims = op.dims(0);
  const given = op.node.attributes.get('scales')?.floats ?? null;
  const scales = op.opset < 9 ? given : op.numbers(1);
  return shaped(
    op.type(0),
    dims === null ? null : scaled(op, [...dims.keys()], { sizes: null, scales }),
  );
};

function scaled(
  op: Operator,
  axes: readonly number[],
  by: { readonly sizes: readonly Dim[] | null; readonly scales: readonly number[] | null },
): readonly Dim[] | null {
  const dims = op.dims(0) ?? [];
  const made = [...dims];
  for (const [index, given] of axes.entries()) {
    const axis = normalizeAxis(given, dims.length);
    if (axis === null) return unknownDims(dims.length);
    made[axis] = by.sizes?.[index] ?? scaledDim(dims[axis] ?? null, by.scales?.[index] ?? null);
  }
  return made;
}

/** Rounded down; where the runtime's single precision matters it is left open. */
function scaledDim(dim: Dim, scale: number | null): Dim {
  if (scale === null || dim === null) return null;
  if (scale === 1) return dim;
  if (typeof dim !== 'number') return null;
  const exact = Math.floor(dim * scale);
  return exact === Math.floor(Math.fround(dim * scale)) ? exact : null;
}

export const scaling: Inferences = { Resize: resize, Upsample: upsample };

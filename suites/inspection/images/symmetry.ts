import { PIXELS, SIDE } from './canvas.ts';

/** Turns and reflections of a square: surfaces and defects have no preferred direction. */
export const SYMMETRIES = 8;

/** Copies a picture into `target`, turned or reflected by one of the SYMMETRIES. */
export function copySymmetric(
  target: Uint8Array,
  source: Uint8Array,
  at: { readonly offset: number; readonly symmetry: number },
): void {
  const from = SOURCES[at.symmetry] as Uint16Array;
  for (let i = 0; i < PIXELS; i += 1) target[at.offset + i] = source[from[i] as number] as number;
}

/** For each symmetry, where each pixel of the result comes from. */
const SOURCES: readonly Uint16Array[] = Array.from({ length: SYMMETRIES }, (_, symmetry) => {
  return Uint16Array.from({ length: PIXELS }, (__, pixel) => {
    const column = pixel % SIDE;
    const row = (pixel - column) / SIDE;
    const x = (symmetry & 1) === 0 ? column : SIDE - 1 - column;
    const y = (symmetry & 2) === 0 ? row : SIDE - 1 - row;
    return (symmetry & 4) === 0 ? y * SIDE + x : x * SIDE + y;
  });
});

import type { Random } from '../../../engine/base/random.ts';
import { SIDE } from '../images/canvas.ts';

/**
 * Where in a picture a layer is trained. A feature map of `size` x `size` cells
 * lies over the picture; a cell shows the picture's defect when covered pixels
 * are within `reach` of its middle.
 */
export interface Grid {
  readonly size: number;
  readonly reach: number;
}

export interface Position {
  /** Row-major index of the cell. */
  readonly cell: number;
  /** The defect's class, or 0 where none is in reach. */
  readonly label: number;
}

/** Of the positions in a damaged picture, the share on the defect itself. */
const DEFECT_SHARE = 0.8;

/** Covered pixels in reach that make a defect visible. */
const ENOUGH_PIXELS = 2;

/** Draws positions in one picture; `covered` has one value a pixel. */
export function drawPositions(
  picture: { readonly covered: Uint8Array; readonly label: number },
  grid: Grid,
  draw: { readonly count: number; readonly random: Random },
): Position[] {
  const { random, count } = draw;
  const cells = grid.size * grid.size;
  const inSquare = countingTable(picture.covered);
  const cellSide = SIDE / grid.size;
  const near = (cell: number, reach: number): number => {
    const x = ((cell % grid.size) + 0.5) * cellSide;
    const y = (Math.floor(cell / grid.size) + 0.5) * cellSide;
    return inSquare(x, y, reach);
  };
  // Twice the cell: the defect may be at the border of what the cell pools.
  const own = Math.max(2, cellSide);
  const onDefect: number[] = [];
  for (let cell = 0; cell < cells && picture.label !== 0; cell += 1) {
    if (near(cell, own) > 0) onDefect.push(cell);
  }
  return Array.from({ length: count }, (_, i) => {
    const aimed = onDefect.length > 0 && i < count * DEFECT_SHARE;
    const cell = aimed ? random.pick(onDefect) : random.integer(cells);
    return { cell, label: near(cell, grid.reach) >= ENOUGH_PIXELS ? picture.label : 0 };
  });
}

/** Counts covered pixels in squares in constant time, by a summed-area table (Crow, 1984). */
function countingTable(covered: Uint8Array): (x: number, y: number, reach: number) => number {
  const stride = SIDE + 1;
  const sums = new Int32Array(stride * stride);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0, row = 0; x < SIDE; x += 1) {
      row += covered[y * SIDE + x] as number;
      sums[(y + 1) * stride + x + 1] = (sums[y * stride + x + 1] as number) + row;
    }
  }
  const at = (x: number, y: number): number => sums[y * stride + x] as number;
  return (x, y, reach) => {
    const [left, right] = [clamp(Math.floor(x - reach)), clamp(Math.ceil(x + reach))];
    const [top, bottom] = [clamp(Math.floor(y - reach)), clamp(Math.ceil(y + reach))];
    return at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
  };
}

function clamp(value: number): number {
  return Math.min(SIDE, Math.max(0, value));
}

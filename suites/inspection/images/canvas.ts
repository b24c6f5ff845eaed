/** Side of an image in pixels. */
export const SIDE = 64;

/** Pixels of an image. */
export const PIXELS = SIDE * SIDE;

/**
 * What a surface sends back of the light that falls on it, row-major, about 0
 * (black) to 1 (white). Surfaces fill it, defects change it.
 */
export type Reflectance = Float32Array;

export interface Point {
  /** Pixels from the left border. */
  readonly x: number;
  /** Pixels from the upper border. */
  readonly y: number;
}

/** Changes every pixel by its value and its coordinates. */
export function paint(canvas: Float32Array, change: Change): void {
  paintAround(canvas, { centre: { x: 0, y: 0 }, reach: SIDE }, change);
}

type Change = (value: number, x: number, y: number) => number;

/** Changes the pixels of the square that reaches so far from its centre, where it is on the canvas. */
export function paintAround(
  canvas: Float32Array,
  { centre, reach }: { readonly centre: Point; readonly reach: number },
  change: Change,
): void {
  const left = Math.max(0, Math.ceil(centre.x - reach));
  const right = Math.min(SIDE - 1, Math.floor(centre.x + reach));
  const bottom = Math.min(SIDE - 1, Math.floor(centre.y + reach));
  for (let y = Math.max(0, Math.ceil(centre.y - reach)); y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) {
      const i = y * SIDE + x;
      canvas[i] = change(canvas[i] as number, x, y);
    }
  }
}

/** Math.hypot guards against overflow, at ten times the cost. */
export function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** 0 below `low`, 1 above `high`, smooth between: the coverage of an antialiased edge. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

import type { Random } from '../../../engine/base/random.ts';
import { length, paintAround, SIDE, smoothStep, type Point, type Reflectance } from './canvas.ts';
import { createNoise } from './value-noise.ts';

/** The class labels in the order of the model's logits. */
export const CLASSES = ['ok', 'scratch', 'hole', 'stain'] as const;
export type DefectClass = (typeof CLASSES)[number];

/**
 * Damages the surface in place around `centre`. Returns how much of each pixel
 * the defect covers, 0 to 1; all 0 for `ok`.
 */
export function applyDefect(
  canvas: Reflectance,
  defect: DefectClass,
  at: { readonly centre: Point; readonly random: Random },
): Float32Array {
  const coverage = new Float32Array(canvas.length);
  DEFECTS[defect](canvas, { ...at, coverage });
  return coverage;
}

interface Placement {
  readonly centre: Point;
  readonly random: Random;
  readonly coverage: Float32Array;
}

const DEFECTS: Readonly<Record<DefectClass, (canvas: Reflectance, at: Placement) => void>> =
  Object.freeze({ ok: () => undefined, scratch, hole, stain });

/**
 * A bent groove 16 to 46 pixels long and 1 to 2 wide, bright or dark, with a
 * fainter lip of the other sign beside it, fading towards its ends.
 */
function scratch(canvas: Reflectance, { centre, random, coverage }: Placement): void {
  const half = random.between(8, 23);
  const distanceTo = bentLine({ centre, half }, random);
  const halfWidth = random.between(0.45, 1);
  const sign = random.next() < 0.55 ? 1 : -1;
  const contrast = sign * random.between(0.12, 0.3);
  const lip = random.between(0, 0.5);
  paintAround(canvas, { centre, reach: half + 3 }, (value, x, y) => {
    const { distance, along } = distanceTo(x, y);
    const fade = smoothStep(0, 0.1, along) * smoothStep(1, 0.9, along);
    const groove = fade * smoothStep(halfWidth + 0.5, halfWidth - 0.5, Math.abs(distance));
    const beside = fade * smoothStep(1, 0, Math.abs(distance - halfWidth - 1));
    coverage[y * SIDE + x] = groove;
    return value + contrast * (groove - lip * beside);
  });
}

/** A pit or bore 2 to 5.5 pixels in radius, dark inside, its rim bright on one side. */
function hole(canvas: Reflectance, { centre, random, coverage }: Placement): void {
  const radius = random.between(2, 5.5);
  const aspect = random.between(0.75, 1);
  const [angle, lit] = [random.between(0, Math.PI), random.between(0, 2 * Math.PI)];
  const depth = random.between(0.35, 0.8);
  const rim = random.between(0.02, 0.16);
  paintAround(canvas, { centre, reach: radius + 3 }, (value, x, y) => {
    const { distance, direction } = elliptic({ x: x - centre.x, y: y - centre.y }, angle, aspect);
    const inside = smoothStep(radius + 0.7, radius - 0.7, distance);
    const facing = 0.5 + 0.5 * Math.cos(direction - lit);
    const edge = smoothStep(1.5, 0, Math.abs(distance - radius - 0.8)) * facing;
    coverage[y * SIDE + x] = inside;
    // The bottom is a little lighter opposite the light.
    return value * (1 - inside * (depth - 0.15 * facing)) + rim * edge;
  });
}

/**
 * Oil or water, 6 to 14 pixels in radius, with an uneven soft outline, often
 * darker at its edge. It shades the texture and does not hide it.
 */
function stain(canvas: Reflectance, { centre, random, coverage }: Placement): void {
  const radius = random.between(6, 14);
  const blotches = createNoise(random);
  const softness = random.between(1, 3);
  const ring = random.next() < 0.5 ? random.between(0.2, 0.8) : 0;
  const shade = random.next() < 0.75 ? -random.between(0.17, 0.36) : random.between(0.17, 0.32);
  paintAround(canvas, { centre, reach: 1.3 * radius + 4 }, (value, x, y) => {
    const outline = radius * (1 + 0.3 * blotches(x * 0.13, y * 0.13));
    const distance = length(x - centre.x, y - centre.y) - outline;
    const inside = smoothStep(softness, -softness, distance);
    const edge = ring * smoothStep(2.5, 0, Math.abs(distance + 1));
    coverage[y * SIDE + x] = inside;
    return value * (1 + shade * (inside * (1 + 0.3 * blotches(x * 0.3, y * 0.3)) + edge));
  });
}

interface LinePosition {
  /** Pixels from the line, negative on its other side. */
  readonly distance: number;
  /** 0 at its start, 1 at its end. */
  readonly along: number;
}

const SEGMENTS = 12;

/** A parabola through `centre` in a random direction, as straight segments. */
function bentLine(
  { centre, half }: { readonly centre: Point; readonly half: number },
  random: Random,
): (x: number, y: number) => LinePosition {
  const bow = random.between(-0.35, 0.35) * half;
  const angle = random.between(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const points = Array.from({ length: SEGMENTS + 1 }, (_, i) => {
    const t = (2 * i) / SEGMENTS - 1;
    const [u, v] = [t * half, bow * (t * t - 0.33)];
    return { x: centre.x + u * cos - v * sin, y: centre.y + u * sin + v * cos };
  });
  return (x, y) => nearestOn(points, x, y);
}

function nearestOn(points: readonly Point[], x: number, y: number): LinePosition {
  let best = Infinity;
  let along = 0;
  let side = 1;
  for (let i = 0; i < SEGMENTS; i += 1) {
    const a = points[i] as Point;
    const b = points[i + 1] as Point;
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const px = x - a.x;
    const py = y - a.y;
    const t = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
    const squared = (px - t * dx) ** 2 + (py - t * dy) ** 2;
    if (squared >= best) continue;
    best = squared;
    along = (i + t) / SEGMENTS;
    side = px * dy - py * dx < 0 ? -1 : 1;
  }
  return { distance: side * Math.sqrt(best), along };
}

function elliptic(
  offset: Point,
  angle: number,
  aspect: number,
): { readonly distance: number; readonly direction: number } {
  const u = offset.x * Math.cos(angle) + offset.y * Math.sin(angle);
  const v = (offset.y * Math.cos(angle) - offset.x * Math.sin(angle)) / aspect;
  return { distance: length(u, v), direction: Math.atan2(offset.y, offset.x) };
}

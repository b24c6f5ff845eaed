import type { Random } from '../../../../engine/base/random.ts';
import type { Workbench } from '../../../../suites/inspection/training/workbench.ts';
import { drawPositions } from '../../../../suites/inspection/training/positions.ts';
import { PIXELS } from '../../../../suites/inspection/images/canvas.ts';
import type { BlockPlan } from './block.ts';
import type { Window } from './block-gradient.ts';
import type { Source } from './source.ts';

/** What a block under training sees: windows of the stream, and what they show. */
export interface Samples {
  readonly count: number;
  readonly window: Window;
  /** [count, cells, channels]. */
  readonly cells: Float32Array;
  /** [count, cells]: 0 beyond the border of the picture. */
  readonly inside: Float32Array;
  readonly labels: Uint8Array;
}

const PER_PICTURE = 24;

/** Samples the stream before the block: patches, or whole pictures where it has no reach. */
export function takeSamples(
  bench: Workbench,
  source: Source,
  options: { readonly plan: BlockPlan; readonly random: Random },
): Promise<Samples> {
  return options.plan.reach === null
    ? wholePictures(bench, source, options.plan)
    : patches(bench, source, options);
}

async function wholePictures(bench: Workbench, source: Source, plan: BlockPlan): Promise<Samples> {
  const { count, labels } = source.pictures;
  const window = wholeWindow(plan);
  const cells = new Float32Array(count * window.cells * plan.from);
  await source.forEach(bench, (map, index) => {
    const from = cells.subarray(index * window.cells * plan.from);
    for (let cell = 0; cell < window.cells; cell += 1)
      copyCell(from, map, { to: cell, cell, plan, size: plan.size * plan.stride });
  });
  const inside = new Float32Array(count * window.cells).fill(1);
  return { count, window, cells, inside, labels: Uint8Array.from(labels) };
}

async function patches(
  bench: Workbench,
  source: Source,
  { plan, random }: { readonly plan: BlockPlan; readonly random: Random },
): Promise<Samples> {
  const { pictures } = source;
  const count = pictures.count * PER_PICTURE;
  const width = 9 * plan.from;
  const samples = {
    count,
    window: PATCH,
    cells: new Float32Array(count * width),
    inside: new Float32Array(count * 9),
    labels: new Uint8Array(count),
  };
  const grid = { size: plan.size, reach: plan.reach ?? 0 };
  const size = plan.size * plan.stride;
  await source.forEach(bench, (map, index) => {
    const covered = pictures.covered.subarray(index * PIXELS, (index + 1) * PIXELS);
    const picture = { covered, label: pictures.labels[index] as number };
    const positions = drawPositions(picture, grid, { count: PER_PICTURE, random });
    for (const [i, { cell, label }] of positions.entries()) {
      const at = index * PER_PICTURE + i;
      samples.labels[at] = label;
      const target = samples.cells.subarray(at * width, (at + 1) * width);
      for (const [to, from] of neighboursOf(plan, cell).entries()) {
        if (from === null) continue;
        samples.inside[at * 9 + to] = 1;
        copyCell(target, map, { to, cell: from, plan, size });
      }
    }
  });
  return samples;
}

const PATCH: Window = {
  cells: 9,
  neighbours: Array.from({ length: 9 }, (_, i) => i),
};

function wholeWindow(plan: BlockPlan): Window {
  const cells = (plan.size * plan.stride) ** 2;
  const outputs = Array.from({ length: plan.size ** 2 }, (_, i) => neighboursOf(plan, i));
  return {
    cells,
    neighbours: outputs.flatMap((nine) => nine.map((cell) => cell ?? cells)),
  };
}

/** The 9 input cells of an output cell; null beyond the border. */
function neighboursOf({ size, stride }: BlockPlan, output: number): (number | null)[] {
  const side = size * stride;
  const column = stride * (output % size);
  const row = stride * Math.floor(output / size);
  return Array.from({ length: 9 }, (_, i) => {
    const [x, y] = [column + (i % 3) - 1, row + Math.floor(i / 3) - 1];
    return x >= 0 && y >= 0 && x < side && y < side ? y * side + x : null;
  });
}

/** Copies all channels of a cell of a feature map, [channels, size, size]. */
function copyCell(
  target: Float32Array,
  map: Float32Array,
  {
    to,
    cell,
    plan,
    size,
  }: {
    readonly to: number;
    readonly cell: number;
    readonly plan: BlockPlan;
    readonly size: number;
  },
): void {
  const area = size * size;
  for (let channel = 0; channel < plan.from; channel += 1) {
    target[to * plan.from + channel] = map[channel * area + cell] as number;
  }
}

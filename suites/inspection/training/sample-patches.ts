import type { Random } from '../../../engine/base/random.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { PIXELS } from '../images/canvas.ts';
import type { Pictures } from '../images/pictures.ts';
import { copySymmetric, SYMMETRIES } from '../images/symmetry.ts';
import { activationName, activationsModel } from '../network/build-network.ts';
import type { Layer } from '../network/layer.ts';
import type { LayerPlan } from '../network/layout.ts';
import { drawPositions, type Position } from './positions.ts';
import { outputData, runPictures } from './run-pictures.ts';
import { withSession, type Workbench } from './workbench.ts';

/** What a layer under training sees at sampled positions. */
export interface Patches {
  readonly count: number;
  /** Values of one patch: channels x kernel x kernel, as a convolution's weights. */
  readonly width: number;
  readonly values: Float32Array;
  /** What the residual connection adds at the position: [count, channels], or null. */
  readonly residuals: Float32Array | null;
  /** Class at the position; 0 where there is no defect. */
  readonly labels: Uint8Array;
}

const PATCHES_PER_PICTURE = 32;

/** Samples the input of the layer that `plan` adds on top of `before`. */
export async function samplePatches(
  bench: Workbench,
  pictures: Pictures,
  next: { readonly before: readonly Layer[]; readonly plan: LayerPlan; readonly random: Random },
): Promise<Patches> {
  const { before, plan, random } = next;
  const input = before.length - 1;
  const source = before[input] as Layer;
  const residual = plan.residualFrom === null ? null : (before[plan.residualFrom] as Layer);
  const patches = emptyPatches(pictures.count * PATCHES_PER_PICTURE, plan, source);
  const symmetries = Array.from({ length: pictures.count }, () => random.integer(SYMMETRIES));
  const draw = { count: PATCHES_PER_PICTURE, random };
  const indices = [...new Set([input, plan.residualFrom ?? input])];
  await withSession(bench, activationsModel(before, indices), (session) => {
    return runPictures(session, pictures, {
      signal: bench.signal,
      symmetryOf: (index) => symmetries[index] as number,
      use: (outputs, start, batch) => {
        const maps = mapsOf(outputs, source, batch);
        const added = residual === null ? null : mapsOf(outputs, residual, batch);
        for (let i = 0; i < batch; i += 1) {
          const index = start + i;
          const picture = turnedPicture(pictures, index, symmetries[index] as number);
          const positions = drawPositions(picture, { size: maps.size, reach: plan.reach }, draw);
          const to = { first: index * PATCHES_PER_PICTURE, positions };
          copyPatches(patches, { maps, added, picture: i, kernel: plan.kernel }, to);
        }
      },
    });
  });
  return patches;
}

function emptyPatches(count: number, plan: LayerPlan, source: Layer): Patches {
  const width = source.plan.channels * plan.kernel ** 2;
  return {
    count,
    width,
    values: new Float32Array(count * width),
    residuals: plan.residualFrom === null ? null : new Float32Array(count * plan.channels),
    labels: new Uint8Array(count),
  };
}

/** Feature maps of a batch: [pictures, channels, size, size]. */
interface Maps {
  readonly data: Float32Array;
  readonly channels: number;
  readonly size: number;
}

function mapsOf(outputs: Tensors, layer: Layer, batch: number): Maps {
  const { channels } = layer.plan;
  const data = outputData(outputs, activationName(layer));
  return { data, channels, size: Math.round(Math.sqrt(data.length / (batch * channels))) };
}

function turnedPicture(
  pictures: Pictures,
  index: number,
  symmetry: number,
): { readonly covered: Uint8Array; readonly label: number } {
  const covered = new Uint8Array(PIXELS);
  const source = pictures.covered.subarray(index * PIXELS, (index + 1) * PIXELS);
  copySymmetric(covered, source, { offset: 0, symmetry });
  return { covered, label: pictures.labels[index] as number };
}

function copyPatches(
  patches: Patches,
  from: {
    readonly maps: Maps;
    readonly added: Maps | null;
    readonly picture: number;
    readonly kernel: number;
  },
  to: { readonly first: number; readonly positions: readonly Position[] },
): void {
  for (const [i, { cell, label }] of to.positions.entries()) {
    const index = to.first + i;
    patches.labels[index] = label;
    const patch = patches.values.subarray(index * patches.width, (index + 1) * patches.width);
    copyPatch(patch, from.maps, { picture: from.picture, cell, kernel: from.kernel });
    if (from.added === null || patches.residuals === null) continue;
    const { channels } = from.added;
    const residual = patches.residuals.subarray(index * channels, (index + 1) * channels);
    copyPatch(residual, from.added, { picture: from.picture, cell, kernel: 1 });
  }
}

/** Copies the neighbourhood of a cell, with zeros beyond the border as the convolution pads. */
function copyPatch(
  target: Float32Array,
  maps: Maps,
  at: { readonly picture: number; readonly cell: number; readonly kernel: number },
): void {
  const { data, channels, size } = maps;
  const reach = (at.kernel - 1) / 2;
  const column = at.cell % size;
  const row = (at.cell - column) / size;
  let i = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    const map = (at.picture * channels + channel) * size * size;
    for (let y = row - reach; y <= row + reach; y += 1) {
      for (let x = column - reach; x <= column + reach; x += 1) {
        const inside = x >= 0 && y >= 0 && x < size && y < size;
        target[i] = inside ? (data[map + y * size + x] as number) : 0;
        i += 1;
      }
    }
  }
}

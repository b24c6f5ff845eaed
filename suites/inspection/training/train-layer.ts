import { createRandom } from '../../../engine/base/random.ts';
import { slicePictures, type Pictures } from '../images/pictures.ts';
import type { BatchNorm, Layer } from '../network/layer.ts';
import type { LayerPlan } from '../network/layout.ts';
import { filterBank } from '../network/filter-bank.ts';
import { measureChannels, transparentNorm } from './batch-norm.ts';
import { descend } from './descend.ts';
import { samplePatches, type Patches } from './sample-patches.ts';
import type { Workbench } from './workbench.ts';

/** Below this share of the mean power a channel counts as silent. */
const SILENCE = 1e-4;

/** Pictures are dealt to so many hands, and each layer is trained on another hand than the last. */
const HANDS = 2;

/** The first layer: fixed filters, outputs of unit variance. */
export async function createStem(
  bench: Workbench,
  pictures: Pictures,
  plan: LayerPlan,
): Promise<Layer> {
  const layer: Layer = { plan, inputs: 1, weight: filterBank(), norm: blankNorm(plan) };
  const measured = await measureChannels(bench, pictures, { before: [], layer });
  return { ...layer, norm: { ...blankNorm(plan), ...measured } };
}

/** Trains the layer that `plan` adds on top of `before`. */
export async function trainLayer(
  bench: Workbench,
  pictures: Pictures,
  next: { readonly before: readonly Layer[]; readonly plan: LayerPlan; readonly seed: number },
): Promise<Layer> {
  const { before, plan, seed } = next;
  const random = createRandom(seed, plan.name);
  const size = Math.floor(pictures.count / HANDS);
  const start = (before.length % HANDS) * size;
  const hand = slicePictures(pictures, start, start + size);
  const patches = await samplePatches(bench, hand, { before, plan, random });
  const inputs = patches.width / plan.kernel ** 2;
  const scales = unitPower(patches, inputs);
  const { weight, bias } = await descend(bench, patches, { channels: plan.channels, random });
  scaleChannels(weight, scales, plan.kernel ** 2);
  const layer: Layer = { plan, inputs, weight, norm: blankNorm(plan) };
  const measured = await measureChannels(bench, pictures, { before, layer });
  return { ...layer, norm: transparentNorm(measured, bias) };
}

/**
 * Scales the patches in place so that each input channel has a mean square of
 * one, which lets one learning rate fit all; returns the factors.
 */
function unitPower(patches: Patches, inputs: number): Float64Array {
  const { values } = patches;
  const area = patches.width / inputs;
  const powers = new Float64Array(inputs);
  for (let start = 0, channel = 0; start < values.length; start += area) {
    let power = 0;
    for (let i = start; i < start + area; i += 1) power += (values[i] as number) ** 2;
    powers[channel] = (powers[channel] as number) + power;
    channel = channel + 1 === inputs ? 0 : channel + 1;
  }
  // Whatever a silent channel multiplies is never corrected: without this its weights would be
  // far larger than all others, and the scale of an int8 version would be theirs.
  const silent = SILENCE * (powers.reduce((sum, power) => sum + power, 0) / inputs);
  const scales = powers.map((power) => {
    return power <= silent ? 0 : Math.sqrt((patches.count * area) / power);
  });
  scaleChannels(values, scales, area);
  return scales;
}

/** Multiplies rows of channels, `area` values each, by a factor for each channel. */
function scaleChannels(values: Float32Array, factors: Float64Array, area: number): void {
  for (let start = 0, channel = 0; start < values.length; start += area) {
    const factor = factors[channel] as number;
    for (let i = start; i < start + area; i += 1) values[i] = (values[i] as number) * factor;
    channel = channel + 1 === factors.length ? 0 : channel + 1;
  }
}

function blankNorm({ channels }: LayerPlan): BatchNorm {
  return {
    scale: new Float32Array(channels).fill(1),
    bias: new Float32Array(channels),
    mean: new Float32Array(channels),
    variance: new Float32Array(channels).fill(1),
  };
}

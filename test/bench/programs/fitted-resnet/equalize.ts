import type { Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Block } from './block.ts';
import type { Source } from './source.ts';

/** Channels quieter than this share of the mean are not made louder than so much. */
const QUIET = 0.05;

/**
 * Scales the channels of a stage's stream to the same power, and every block takes the
 * inverse at its input, so that nothing else changes: a Relu lets a positive factor
 * through (cross-layer equalization: Nagel et al., 2019). Training leaves some channels a
 * thousand times louder than others, and an int8 version has one scale for all of them.
 * `blocks` are the stage's, `source` gives the stream behind the last of them.
 */
export async function equalizeStage(
  bench: Workbench,
  source: Source,
  blocks: readonly Block[],
): Promise<Block[]> {
  const powers = new Float64Array(blocks.at(-1)?.plan.to ?? 0);
  await source.forEach(bench, (map) => {
    const area = map.length / powers.length;
    for (let i = 0; i < map.length; i += 1) {
      const channel = Math.floor(i / area);
      powers[channel] = (powers[channel] as number) + (map[i] as number) ** 2 / area;
    }
  });
  const loudness = powers.map((power) => Math.sqrt(power / source.pictures.count));
  const least = (QUIET * loudness.reduce((sum, one) => sum + one, 0)) / loudness.length;
  const factors = loudness.map((one) => 1 / Math.max(one, least));
  return blocks.map((block) => scaled(block, factors));
}

/** The outputs times the factors; the inputs too, where they are the same stream. */
function scaled({ plan, parameters }: Block, factors: Float64Array): Block {
  const { reduce, expand, expandBias, shortcut } = parameters;
  return {
    plan,
    parameters: {
      ...parameters,
      expand: scaleColumns(expand, factors),
      expandBias: scaleColumns(expandBias, factors),
      shortcut: shortcut === null ? null : scaleColumns(shortcut, factors),
      reduce:
        shortcut === null
          ? reduce.map((value, i) => value / (factors[Math.floor(i / plan.inner)] as number))
          : reduce,
    },
  };
}

function scaleColumns(matrix: Float32Array, factors: Float64Array): Float32Array {
  return matrix.map((value, i) => value * (factors[i % factors.length] as number));
}

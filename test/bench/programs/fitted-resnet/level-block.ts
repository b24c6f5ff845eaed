import type { Tensor } from '../../../../engine/runtime/tensor.ts';
import { outputData } from '../../../../suites/inspection/training/run-pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Block } from './block.ts';
import { narrowModel } from './narrow-model.ts';
import { keepStream, type Source } from './source.ts';

/** What nearly all values of a channel stay below, and how many times that the rest. */
const LEVEL = 4;
const NEARLY_ALL = 0.999;
const PEAK = 2;
/**
 * Channels quieter than this share of the middle one are not made louder than so much:
 * other pictures may wake them up.
 */
const QUIET = 0.25;

/**
 * Scales what a block's convolutions give so that all channels reach the same level: a
 * Relu lets a positive factor through. An int8 version has one scale for all of them.
 * `source` gives the stream before the block.
 */
export async function levelBlock(bench: Workbench, source: Source, block: Block): Promise<Block> {
  const { plan, parameters } = block;
  const start = { kind: 'stream', channels: plan.from } as const;
  const size = plan.size * plan.stride;
  const kept = await keepStream(bench, source, { channels: plan.from, size });
  const input: Tensor = {
    type: 'float32',
    dims: [source.pictures.count, plan.from, size, size],
    data: kept.values,
  };
  const model = narrowModel(start, [block], { outputs: 'convolutions' });
  const outputs = await withSession(bench, model, (session) => session.run({ input }));
  const factorsOf = (part: string): Float64Array =>
    levelFactors(outputData(outputs, `${plan.name}.${part}`), {
      count: source.pictures.count,
      channels: plan.inner,
    });
  const [inside, outside] = [factorsOf('conv1'), factorsOf('conv2')];
  const { reduce, reduceBias, spatial, spatialBias } = parameters;
  return {
    plan,
    parameters: {
      reduce: scaleColumns(reduce, inside),
      reduceBias: scaleColumns(reduceBias, inside),
      spatial: scaleColumns(spatial, outside).map((value, i) => {
        return value / (inside[Math.floor(i / plan.inner) % plan.inner] as number);
      }),
      spatialBias: scaleColumns(spatialBias, outside),
    },
  };
}

/** For each channel of feature maps, [count, channels, height, width], what brings it to the level. */
function levelFactors(
  maps: Float32Array,
  { count, channels }: { readonly count: number; readonly channels: number },
): Float64Array {
  const area = maps.length / (count * channels);
  const reached = Array.from({ length: channels }, (_, channel) => {
    const values = new Float32Array(count * area);
    for (let index = 0; index < count; index += 1) {
      const at = (index * channels + channel) * area;
      values.set(maps.subarray(at, at + area), index * area);
    }
    values.sort();
    const usual = values[Math.floor(NEARLY_ALL * (values.length - 1))] as number;
    return Math.max(0, usual, (values.at(-1) as number) / PEAK);
  });
  const middle = reached.toSorted((a, b) => a - b)[channels >> 1] as number;
  return Float64Array.from(reached, (one) => LEVEL / (Math.max(one, QUIET * middle) || LEVEL));
}

function scaleColumns(matrix: Float32Array, factors: Float64Array): Float32Array {
  return matrix.map((value, i) => value * (factors[i % factors.length] as number));
}

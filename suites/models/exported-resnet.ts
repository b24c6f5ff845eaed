import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../engine/base/random.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { saveModel } from '../../engine/graph/model-file.ts';
import type { OnnxModel } from '../../engine/graph/model.ts';
import { createSession } from '../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import type { Tensor, Tensors } from '../../engine/runtime/tensor.ts';
import { noiseWeights, type ConvPlan, type ResnetWeights } from './resnet-weights.ts';

/** A residual network (He et al. 2015) for pictures of side x side. */
export interface ResnetPlan {
  readonly name: string;
  readonly side: number;
  /** Two 3x3 convolutions, or 1x1, 3x3 with the stride, 1x1 to four times the channels. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks, channels inside a block, stride of the first: the four stages. */
  readonly stages: readonly {
    readonly blocks: number;
    readonly channels: number;
    readonly stride: number;
  }[];
}

/** About 100 MB. */
export const RESNET50: ResnetPlan = Object.freeze({
  name: 'resnet50',
  side: 224,
  block: 'bottleneck',
  stages: fourStages([3, 4, 6, 3]),
});

/** About 45 MB. */
export const RESNET18: ResnetPlan = Object.freeze({
  name: 'resnet18',
  side: 128,
  block: 'basic',
  stages: fourStages([2, 2, 2, 2]),
});

function fourStages(blocks: readonly number[]): ResnetPlan['stages'] {
  return blocks.map((count, stage) => ({
    blocks: count,
    channels: 64 * 2 ** stage,
    stride: stage === 0 ? 1 : 2,
  }));
}

/**
 * A residual network as a Python exporter writes it: Conv, BatchNormalization and Relu
 * apart, the norms' parameters behind Identity nodes. Weights are seeded noise of the
 * right scale; the norms hold the statistics that the runtime measures on seeded
 * pictures, so that activations are as large as in a trained network.
 */
export async function writeExportedResnet(path: string, plan: ResnetPlan, seed = 1): Promise<void> {
  const weights = (): ResnetWeights => noiseWeights(plan.name, seed);
  const statistics = await measureNorms(plan, weights, {
    pictures: pictures(plan.side, seed),
    threads: 1,
  });
  await saveModel(path, exportedResnet(plan, weights(), statistics));
}

/** The same network with weights of any source. */
export function exportedResnet(
  plan: ResnetPlan,
  weights: ResnetWeights,
  statistics: Statistics,
): OnnxModel {
  return new ResnetBuilder(plan, weights, statistics).build();
}

/** Running statistics by the norm's name: mean and variance over all positions of the pictures. */
export async function measureNorms(
  plan: ResnetPlan,
  weights: () => ResnetWeights,
  options: { readonly pictures: Tensor; readonly threads: number },
): Promise<Statistics> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-resnet-'));
  try {
    const path = join(folder, 'measuring.onnx');
    await saveModel(path, new ResnetBuilder(plan, weights(), null).build());
    return await runMeasuring(path, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const EXPANSION = 4;
const PICTURES = 4;

export type Statistics = ReadonlyMap<string, Float32Array>;

interface BlockPlan {
  readonly name: string;
  readonly from: number;
  readonly inner: number;
  readonly stride: number;
}

class ResnetBuilder {
  readonly #builder: ModelBuilder;
  readonly #plan: ResnetPlan;
  readonly #weights: ResnetWeights;
  /** Null while they are measured. */
  readonly #statistics: Statistics | null;

  constructor(plan: ResnetPlan, weights: ResnetWeights, statistics: Statistics | null) {
    this.#builder = new ModelBuilder({
      name: plan.name,
      opset: 17,
      producer: { name: 'openclaw-models', version: '1' },
    });
    this.#plan = plan;
    this.#weights = weights;
    this.#statistics = statistics;
  }

  build(): OnnxModel {
    const { side, block: kind, stages } = this.#plan;
    const image = this.#builder.input('image', 'float32', ['N', 3, side, side]);
    const stem = this.#relu(
      this.#convNorm(image, { name: 'conv1', from: 3, to: 64, kernel: 7, stride: 2 }),
      'relu',
    );
    let last = this.#builder.node('MaxPool', [stem], {
      name: '/maxpool/MaxPool',
      attributes: {
        kernel_shape: { ints: [3, 3] },
        pads: { ints: [1, 1, 1, 1] },
        strides: { ints: [2, 2] },
      },
    });
    let channels = 64;
    for (const [index, stage] of stages.entries()) {
      for (let block = 0; block < stage.blocks; block += 1) {
        const stride = block === 0 ? stage.stride : 1;
        const name = `layer${index + 1}.${block}`;
        const shape = { name, from: channels, inner: stage.channels, stride };
        const isBasic = kind === 'basic';
        last = isBasic ? this.#basic(last, shape) : this.#bottleneck(last, shape);
        channels = stage.channels * (isBasic ? 1 : EXPANSION);
      }
    }
    this.#head(last, channels);
    return this.#builder.build();
  }

  #bottleneck(input: string, { name, from, inner, stride }: BlockPlan): string {
    const to = inner * EXPANSION;
    const first = this.#conv(input, `${name}.conv1`, { from, to: inner, kernel: 1, stride: 1 });
    const reduced = this.#relu(first, `${name}.relu1`);
    const second = this.#conv(reduced, `${name}.conv2`, {
      from: inner,
      to: inner,
      kernel: 3,
      stride,
    });
    const spatial = this.#relu(second, `${name}.relu2`);
    const expanded = this.#conv(spatial, `${name}.conv3`, {
      from: inner,
      to,
      kernel: 1,
      stride: 1,
    });
    return this.#residual(expanded, input, { name, from, to, stride });
  }

  #basic(input: string, { name, from, inner: to, stride }: BlockPlan): string {
    const first = this.#conv(input, `${name}.conv1`, { from, to, kernel: 3, stride });
    const active = this.#relu(first, `${name}.relu1`);
    const second = this.#conv(active, `${name}.conv2`, { from: to, to, kernel: 3, stride: 1 });
    return this.#residual(second, input, { name, from, to, stride });
  }

  /** The sum with the block's input, which is projected where the shapes differ. */
  #residual(branch: string, input: string, { name, ...shape }: Omit<ConvPlan, 'kernel'>): string {
    const isSame = shape.from === shape.to && shape.stride === 1;
    const shortcut = isSame
      ? input
      : this.#conv(input, `${name}.downsample`, { ...shape, kernel: 1 });
    const sum = this.#builder.node('Add', [branch, shortcut], { name: `/${name}/Add` });
    return this.#relu(sum, `${name}.${this.#plan.block === 'basic' ? 'relu2' : 'relu3'}`);
  }

  #conv(input: string, name: string, shape: Omit<ConvPlan, 'name'>): string {
    return this.#convNorm(input, { name, ...shape });
  }

  #convNorm(input: string, plan: ConvPlan): string {
    const { name, from, to, kernel, stride } = plan;
    const pad = (kernel - 1) / 2;
    const weight = this.#floats(
      `${name}.weight`,
      [to, from, kernel, kernel],
      this.#weights.kernels(plan),
    );
    const convolved = this.#builder.node('Conv', [input, weight], {
      name: `/${name}/Conv`,
      attributes: {
        dilations: { ints: [1, 1] },
        group: { int: 1 },
        kernel_shape: { ints: [kernel, kernel] },
        pads: { ints: [pad, pad, pad, pad] },
        strides: { ints: [stride, stride] },
      },
    });
    return this.#norm(convolved, plan);
  }

  #norm(input: string, plan: ConvPlan): string {
    const { name, to: channels } = plan;
    const parameter = (part: string, value: Float32Array): string => {
      const own = this.#builder.initializer(`${name}.bn.${part}`, {
        type: 'float32',
        dims: [channels],
        data: value,
      });
      return this.#builder.node('Identity', [own], { name: `/${name}/bn/${part}/Identity` });
    };
    const { scale, bias } = this.#weights.norm(plan);
    const parameters = [
      parameter('weight', scale),
      parameter('bias', bias),
      parameter('running_mean', this.#measured(`${name}.mean`, channels, 0)),
      parameter('running_var', this.#measured(`${name}.var`, channels, 1)),
    ];
    const isMeasuring = this.#statistics === null;
    const statistics = [`${name}.mean`, `${name}.var`];
    const output = `/${name}/bn/BatchNormalization_output_0`;
    if (isMeasuring) {
      for (const one of statistics) this.#builder.output(one, 'float32', [channels]);
    }
    return this.#builder.node('BatchNormalization', [input, ...parameters], {
      name: `/${name}/bn/BatchNormalization`,
      outputs: [output, ...(isMeasuring ? statistics : [])],
      // Measuring: the outputs are the batch's own statistics.
      attributes: {
        epsilon: { float: 1e-5 },
        momentum: { float: isMeasuring ? 0 : 0.9 },
        training_mode: { int: isMeasuring ? 1 : 0 },
      },
    });
  }

  #measured(name: string, channels: number, fallback: number): Float32Array {
    return this.#statistics?.get(name) ?? new Float32Array(channels).fill(fallback);
  }

  #relu(input: string, name: string): string {
    return this.#builder.node('Relu', [input], { name: `/${name}/Relu` });
  }

  #head(input: string, channels: number): void {
    const pooled = this.#builder.node('GlobalAveragePool', [input], { name: '/avgpool' });
    const flat = this.#builder.node('Flatten', [pooled], {
      name: '/Flatten',
      attributes: { axis: { int: 1 } },
    });
    const head = this.#weights.head(channels);
    const classes = head.bias.length;
    const weight = this.#floats('fc.weight', [classes, channels], head.weight);
    const bias = this.#floats('fc.bias', [classes], head.bias);
    this.#builder.node('Gemm', [flat, weight, bias], {
      name: '/fc/Gemm',
      outputs: ['logits'],
      attributes: { alpha: { float: 1 }, beta: { float: 1 }, transB: { int: 1 } },
    });
    this.#builder.output('logits', 'float32', ['N', classes]);
  }

  #floats(name: string, dims: readonly number[], data: Float32Array): string {
    return this.#builder.initializer(name, { type: 'float32', dims, data });
  }
}

async function runMeasuring(
  path: string,
  options: { readonly pictures: Tensor; readonly threads: number },
): Promise<Statistics> {
  const config = {
    ...defaultEngineConfig(options.threads),
    spinning: false,
    graphLevel: 'basic',
  } as const;
  const session = await createSession(path, toSessionOptions(config));
  try {
    const outputs: Tensors = await session.run({ image: options.pictures });
    return new Map(
      Object.entries(outputs)
        .filter(([name]) => name !== 'logits')
        .map(([name, tensor]) => [name, tensor.data as Float32Array]),
    );
  } finally {
    await session.close();
  }
}

function pictures(side: number, seed: number): Tensor {
  const random = createRandom(seed, 'pictures');
  const dims = [PICTURES, 3, side, side];
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.normal()) };
}

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

/**
 * ResNet-50 (He et al. 2015, the stride on the 3x3 convolution) at 224 x 224 as
 * a Python exporter writes it: Conv, BatchNormalization and Relu apart, the norms'
 * parameters behind Identity nodes. Weights are seeded noise of the right scale;
 * the norms hold the statistics that the runtime measures on seeded pictures, so
 * that activations are as large as in a trained network. About 100 MB.
 */
export async function writeExportedResnet50(path: string, seed = 1): Promise<void> {
  const options = { pictures: pictures(seed), threads: 1 };
  const statistics = await measureNorms(() => noiseWeights(seed), options);
  await saveModel(path, exportedResnet50(noiseWeights(seed), statistics));
}

/** The same network with weights of any source. */
export function exportedResnet50(weights: ResnetWeights, statistics: Statistics): OnnxModel {
  return new ResnetBuilder(weights, statistics).build();
}

/** Running statistics by the norm's name: mean and variance over all positions of the pictures. */
export async function measureNorms(
  weights: () => ResnetWeights,
  options: { readonly pictures: Tensor; readonly threads: number },
): Promise<Statistics> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-resnet-'));
  try {
    const path = join(folder, 'measuring.onnx');
    await saveModel(path, new ResnetBuilder(weights(), null).build());
    return await runMeasuring(path, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Blocks, channels inside a block, stride of the first: the four stages. */
const STAGES = [
  { blocks: 3, channels: 64, stride: 1 },
  { blocks: 4, channels: 128, stride: 2 },
  { blocks: 6, channels: 256, stride: 2 },
  { blocks: 3, channels: 512, stride: 2 },
] as const;
const EXPANSION = 4;
const SIDE = 224;
const PICTURES = 4;

export type Statistics = ReadonlyMap<string, Float32Array>;

class ResnetBuilder {
  readonly #builder = new ModelBuilder({
    name: 'resnet50',
    opset: 17,
    producer: { name: 'openclaw-models', version: '1' },
  });
  readonly #weights: ResnetWeights;
  /** Null while they are measured. */
  readonly #statistics: Statistics | null;

  constructor(weights: ResnetWeights, statistics: Statistics | null) {
    this.#weights = weights;
    this.#statistics = statistics;
  }

  build(): OnnxModel {
    const image = this.#builder.input('image', 'float32', ['N', 3, SIDE, SIDE]);
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
    for (const [index, stage] of STAGES.entries()) {
      for (let block = 0; block < stage.blocks; block += 1) {
        const stride = block === 0 ? stage.stride : 1;
        const name = `layer${index + 1}.${block}`;
        last = this.#bottleneck(last, { name, from: channels, inner: stage.channels, stride });
        channels = stage.channels * EXPANSION;
      }
    }
    this.#head(last, channels);
    return this.#builder.build();
  }

  #bottleneck(
    input: string,
    plan: {
      readonly name: string;
      readonly from: number;
      readonly inner: number;
      readonly stride: number;
    },
  ): string {
    const { name, from, inner, stride } = plan;
    const to = inner * EXPANSION;
    const conv = (value: string, part: string, shape: Omit<ConvPlan, 'name'>): string =>
      this.#convNorm(value, { name: `${name}.${part}`, ...shape });
    const first = conv(input, 'conv1', { from, to: inner, kernel: 1, stride: 1 });
    const reduced = this.#relu(first, `${name}.relu1`);
    const second = conv(reduced, 'conv2', { from: inner, to: inner, kernel: 3, stride });
    const spatial = this.#relu(second, `${name}.relu2`);
    const expanded = conv(spatial, 'conv3', { from: inner, to, kernel: 1, stride: 1 });
    const shortcut =
      from === to && stride === 1
        ? input
        : conv(input, 'downsample', { from, to, kernel: 1, stride });
    const sum = this.#builder.node('Add', [expanded, shortcut], { name: `/${name}/Add` });
    return this.#relu(sum, `${name}.relu3`);
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

function pictures(seed: number): Tensor {
  const random = createRandom(seed, 'pictures');
  const dims = [PICTURES, 3, SIDE, SIDE];
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.normal()) };
}

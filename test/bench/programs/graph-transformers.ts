import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeCpu } from '../../../engine/devices/cpu.ts';
import { integerKernels } from '../../../engine/devices/integer-kernels.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { loadModel } from '../../../engine/graph/model-file.ts';
import { writeDataset } from '../../../suites/data/dataset.ts';
import { makeVariant } from '../../../suites/quantization/variant-cache.ts';
import type { SpeedComparison } from '../../../suites/speed/compare-speed.ts';
import { report } from '../aim.ts';
import { afterPasses, BenchedEncoder, encoderFeeds } from './graph-encoder.ts';

/** Nodes that `all` may leave of the exported models, before the runtime's own passes. */
const MOST_NODES: Readonly<Record<string, number>> = {
  'bert-tiny.onnx': 35,
  'bert-eager.onnx': 35,
  'dyn-bert.onnx': 45,
  'distilbert.onnx': 60,
  'vit.onnx': 60,
  'gpt2.onnx': 90,
  'whisperenc.onnx': 45,
};

/** Lengths of one sample, and how much faster than the original `all` should be. */
const LENGTHS = [
  { length: 16, aim: 1.2 },
  { length: 128, aim: 1 },
  { length: 384, aim: 1 },
] as const;

const INT8_LENGTH = 128;
const INT8_AIM = 2.4;

export interface TransformerBench {
  /** Exported models; null for none. */
  readonly folder: string | null;
  /** For files that are not kept. */
  readonly scratch: string;
  /** To see that it runs: its figures say nothing. */
  readonly isShort: boolean;
}

/**
 * Transformers: nodes that are left of exported models, the speed of a BERT of 6 layers
 * in fp32 and in int8 against the original, and what each fusion adds to that.
 */
export async function benchTransformers(bench: TransformerBench): Promise<void> {
  if (bench.folder !== null) await countNodes(bench.folder);
  for (const attention of ['eager', 'scaled-dot-product'] as const) {
    const encoder = new BenchedEncoder({ attention, heads: 12 }, bench);
    const original = await encoder.save(attention, encoder.original);
    await benchPrecisions(encoder, { attention, original, bench });
    if (attention === 'eager') await benchFusions(encoder);
  }
}

async function countNodes(folder: string): Promise<void> {
  for (const file of readdirSync(folder).filter((name) => name in MOST_NODES)) {
    const { nodes } = await afterPasses(await loadModel(join(folder, file)));
    const most = MOST_NODES[file] ?? 0;
    const aim = { unit: 'nodes', aim: `at most ${most}`, met: nodes <= most };
    report(`${file}: after all`, { value: nodes, ...aim });
  }
}

async function benchPrecisions(
  encoder: BenchedEncoder,
  around: {
    readonly attention: string;
    readonly original: string;
    readonly bench: TransformerBench;
  },
): Promise<void> {
  const { attention, original, bench } = around;
  const { model, nodes } = await afterPasses(encoder.original);
  console.log(`BERT, 6 layers of 384, ${attention} attention: ${nodes} nodes after all`);
  const fused = await encoder.save(`${attention}-all`, model);
  for (const { length, aim } of LENGTHS) {
    const speed = await encoder.time(original, fused, length);
    speedFigure(`  fp32 at length ${length}`, speed, aim);
  }
  const int8 = await buildInt8(original, join(bench.scratch, `${attention}-int8.onnx`), bench);
  const speed = await encoder.time(original, int8, INT8_LENGTH);
  speedFigure(`  int8-dynamic at length ${INT8_LENGTH}`, speed, INT8_AIM);
}

/** The variant as a user gets it; says how close it stays. */
async function buildInt8(
  modelPath: string,
  outPath: string,
  { scratch }: TransformerBench,
): Promise<string> {
  const count = 8;
  const datasetFolder = join(scratch, 'words');
  const inputs = Object.entries(encoderFeeds(count, INT8_LENGTH)).map(([name, { data }]) => {
    const dims = [INT8_LENGTH];
    return { name, type: 'int64', dims, batched: true, data: data as BigInt64Array } as const;
  });
  await writeDataset(datasetFolder, { count, inputs, labels: null });
  const made = await makeVariant(
    {
      calibration: [],
      evaluation: [{ name: 'batch 1', datasetFolder, start: 0, count, rows: 1 }],
      job: {
        ...integerKernels(describeCpu(systemFiles())),
        modelPath,
        outPath,
        precision: 'int8-dynamic',
        method: 'auto',
        int4BlockSize: 32,
        floors: [],
        threads: 1,
      },
    },
    { timeoutMs: 600_000, signal: new AbortController().signal, onProgress: () => undefined },
  );
  const cosine = made.quality[0]?.cosine ?? 0;
  const aim = { unit: '', aim: 'at least 0.99', met: cosine >= 0.99 };
  report('  int8-dynamic: cosine', { value: cosine, ...aim });
  return outPath;
}

/** `all` with each of its fusions against `all` without it: whether it may stay there. */
async function benchFusions(encoder: BenchedEncoder): Promise<void> {
  const whole = await afterPasses(encoder.original);
  const path = await encoder.save('all', whole.model);
  for (const { name } of whole.used.filter(({ pipeline }) => pipeline === 'all')) {
    const without = await afterPasses(encoder.original, name);
    const other = await encoder.save(`without-${name}`, without.model);
    for (const { length } of LENGTHS) {
      const speed = await encoder.time(other, path, length);
      speedFigure(`  ${name} at length ${length}, against all without it`, speed, 1);
    }
  }
}

/** An aim of 1 is met where slower is not proven. */
function speedFigure(what: string, { speedup }: SpeedComparison, aim: number): void {
  const { value, low, high } = speedup;
  report(what, {
    value,
    unit: `times [${low.toFixed(3)}, ${high.toFixed(3)}]`,
    aim: aim === 1 ? 'not below 1 beyond noise' : `at least ${aim}`,
    met: aim === 1 ? high >= 1 : value >= aim,
  });
}

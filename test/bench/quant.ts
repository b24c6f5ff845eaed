import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createRandom } from '../../engine/base/random.ts';
import { describeCpu } from '../../engine/devices/cpu.ts';
import { integerKernels } from '../../engine/devices/integer-kernels.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { saveModel } from '../../engine/graph/model-file.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { writeDataset } from '../../suites/data/dataset.ts';
import { exportedEncoder } from '../../suites/models/exported-encoder.ts';
import { prepareModel } from '../../suites/prepare-model.ts';
import { splitSamples } from '../../suites/quantization/split-samples.ts';
import { makeVariant } from '../../suites/quantization/variant-cache.ts';
import type { VariantRecord, VariantTask } from '../../suites/quantization/variant-job.ts';
import type { SpeedComparison } from '../../suites/speed/compare-speed.ts';
import { timeModels } from '../../suites/speed/time-models.ts';
import { report } from './aim.ts';
import {
  CALIBRATION,
  HELD_OUT_COUNT,
  prepareFittedResnet,
  type FittedResnet,
} from './programs/fitted-resnet.ts';
import { raceArms } from './programs/race-arms.ts';

// What other precisions give, on all cores, interleaved within one run: `npm run
// bench:quant`, or with a folder of .onnx and .npz files also every precision of each.
const cores = usableCores(systemFiles());
const kernels = integerKernels(describeCpu(systemFiles()));
const folder = mkdtempSync(join(tmpdir(), 'claw-quant-'));
const { signal } = new AbortController();
const models = process.argv[2];

try {
  await resnet();
  await encoder();
  if (models !== undefined) await everyPrecision(models);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function job(
  changes: Pick<VariantTask['job'], 'modelPath' | 'outPath' | 'precision'>,
): VariantTask['job'] {
  return {
    method: 'auto',
    int4BlockSize: 32,
    floors: [],
    threads: cores,
    ...kernels,
    ...changes,
  };
}

function make(task: VariantTask): Promise<VariantRecord> {
  return makeVariant(task, { timeoutMs: 3_600_000, signal, onProgress: () => undefined });
}

function time(original: string, rewritten: string, feeds: Tensors): Promise<SpeedComparison> {
  const config = defaultEngineConfig(cores);
  const times = { original, rewritten, feeds, config, blocks: 12, blockMs: 600, seed: 1 };
  return timeModels(times, { timeoutMs: 600_000, signal });
}

function speedFigure(
  what: string,
  { speedup, originalMs, rewrittenMs }: SpeedComparison,
  aim: number,
): void {
  const interval = `[${speedup.low.toFixed(2)}, ${speedup.high.toFixed(2)}]`;
  report(what, {
    value: speedup.value,
    unit: `times fp32 ${interval}, ${originalMs.toFixed(1)} -> ${rewrittenMs.toFixed(1)} ms`,
    aim: `at least ${aim}`,
    met: speedup.value >= aim,
  });
}

async function resnet(): Promise<void> {
  console.log('fitting the head of an exported ResNet-50 to the inspection images at 224 ...');
  const prepared = await prepareFittedResnet(folder, (text) => console.log(`  ${text}`));
  const outPath = join(folder, 'resnet50.int8.onnx');
  const startedMs = performance.now();
  const made = await make({
    calibration: [
      {
        name: 'calibration',
        datasetFolder: prepared.calibration,
        start: 0,
        count: CALIBRATION,
        rows: 1,
      },
    ],
    evaluation: [
      {
        name: 'held out',
        datasetFolder: prepared.heldOut,
        start: 0,
        count: HELD_OUT_COUNT,
        rows: 1,
      },
    ],
    job: { ...job({ modelPath: prepared.modelPath, outPath, precision: 'int8-static' }) },
  });
  calibrationFigures(made);
  console.log(
    `  made in ${((performance.now() - startedMs) / 1000).toFixed(0)} s, ranges by ${made.method ?? ''}`,
  );
  const [quality] = made.quality;
  report('ResNet-50: top-1 agreement with fp32 on 1,000 held-out images', {
    value: 100 * (quality?.agreement ?? 0),
    unit: `% (accuracy ${(100 * (quality?.accuracy ?? 0)).toFixed(1)} %, fp32 ${(100 * (quality?.originalAccuracy ?? 0)).toFixed(1)} %)`,
    aim: 'at least 99',
    met: (quality?.agreement ?? 0) >= 0.99,
  });
  report('ResNet-50: products in integer kernels', {
    value: 100 * made.integerShare,
    unit: '% of their time',
    aim: 'at least 90',
    met: made.integerShare >= 0.9,
  });
  const smaller = 1 - statSync(outPath).size / statSync(prepared.modelPath).size;
  report('ResNet-50: file', {
    value: 100 * smaller,
    unit: '% smaller',
    aim: 'at least 74',
    met: smaller >= 0.74,
  });
  for (const [rows, aim] of [
    [1, 2.6],
    [16, 2.8],
  ] as const) {
    const speed = await time(prepared.modelPath, outPath, await prepared.read(rows));
    speedFigure(`ResNet-50: int8-static at batch ${rows}`, speed, aim);
  }
  await bestArm(prepared, outPath);
}

function calibrationFigures({ calibration }: VariantRecord): void {
  if (calibration === null) throw new Error('nothing was calibrated');
  const { requests, seconds, peakBytes } = calibration;
  report(`ResNet-50: observing ${requests} images`, {
    value: seconds,
    unit: 's',
    aim: 'under 60',
    met: seconds < 60,
  });
  report('ResNet-50: peak memory of the process until then', {
    value: peakBytes / 1e9,
    unit: 'GB',
    aim: 'under 1.5',
    met: peakBytes < 1.5e9,
  });
}

/** What replicas, threads and levels add at batch 1, each trial in a process of its own. */
async function bestArm(prepared: FittedResnet, int8: string): Promise<void> {
  const base = defaultEngineConfig(cores);
  const single = { ...base, intraOpThreads: 1, spinning: false };
  const spread = { ...single, replicas: cores, isolation: 'thread' } as const;
  const arms = await raceArms(
    [
      { name: 'the default', modelPath: prepared.modelPath, config: base },
      { name: 'fp32, a replica a core', modelPath: prepared.modelPath, config: spread },
      { name: 'int8-static', modelPath: int8, config: base },
      { name: 'int8-static, a replica a core', modelPath: int8, config: spread },
      {
        name: 'int8-static, a replica a core, level extended',
        modelPath: int8,
        config: { ...spread, graphLevel: 'extended' },
      },
    ],
    { datasetFolder: prepared.heldOut, rounds: 6, trialMs: 3000, signal },
  );
  for (const { name, qps, ratio } of arms) {
    console.log(
      `  ${name}: ${qps.toFixed(1)} samples/s, ${ratio.value.toFixed(2)} times [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`,
    );
  }
  const best = arms.reduce((a, b) => (b.ratio.value > a.ratio.value ? b : a));
  report(`ResNet-50: best arm at batch 1 (${best.name})`, {
    value: best.ratio.value,
    unit: 'times the default',
    aim: 'at least 3.3, wanted 4',
    met: best.ratio.value >= 3.3,
  });
}

async function encoder(): Promise<void> {
  const modelPath = join(folder, 'encoder.onnx');
  await saveModel(modelPath, exportedEncoder({ layers: 6, width: 384, heads: 12, length: 128 }));
  const random = createRandom(1, 'hidden states');
  const count = 16;
  const data = Float32Array.from({ length: count * 128 * 384 }, () => random.normal());
  const datasetFolder = join(folder, 'hidden');
  const input = { name: 'hidden', type: 'float32', dims: [128, 384], batched: true, data } as const;
  await writeDataset(datasetFolder, { count, inputs: [input], labels: null });
  const outPath = join(folder, 'encoder.int8.onnx');
  const made = await make({
    calibration: [],
    evaluation: [{ name: 'batch 1', datasetFolder, start: 0, count, rows: 1 }],
    job: job({ modelPath, outPath, precision: 'int8-dynamic' }),
  });
  const cosine = made.quality[0]?.cosine ?? 0;
  report('BERT, 6 layers of 384: cosine of int8-dynamic', {
    value: cosine,
    unit: '',
    aim: 'at least 0.99',
    met: cosine >= 0.99,
  });
  const feeds: Tensors = {
    hidden: { type: 'float32', dims: [1, 128, 384], data: data.slice(0, 128 * 384) },
  };
  speedFigure(
    'BERT, 6 layers of 384: int8-dynamic at length 128',
    await time(modelPath, outPath, feeds),
    2.2,
  );
}

/** Every model of a folder in every precision: it runs, and its quality and speed are printed. */
async function everyPrecision(path: string): Promise<void> {
  for (const file of readdirSync(path).filter((name) => name.endsWith('.onnx'))) {
    for (const precision of ['int8-static', 'int8-dynamic', 'int4-weights', 'fp16'] as const) {
      await onePrecision(join(path, file), precision);
    }
  }
}

async function onePrecision(
  modelPath: string,
  precision: VariantRecord['precision'],
): Promise<void> {
  const name = basename(modelPath, '.onnx');
  const outPath = join(folder, `${name}.${precision}.onnx`);
  const source = await prepareModel({
    target: modelPath,
    dataPath: modelPath.replace(/onnx$/, 'npz'),
    dims: {},
    seed: 1,
    cacheFolder: folder,
    onProgress: () => undefined,
  });
  try {
    const samples = splitSamples({
      datasetFolder: source.datasetFolder,
      count: source.samples,
      batch: source.batch,
      calibration: null,
      needsCalibration: precision === 'int8-static',
    });
    const made = await make({
      calibration: samples.calibration === null ? [] : [samples.calibration],
      evaluation: [...samples.evaluation],
      job: job({ modelPath, outPath, precision }),
    });
    const worst = Math.min(...made.quality.map(({ cosine }) => cosine));
    console.log(
      `${name} ${precision}: cosine ${worst.toFixed(5)}, ${(100 * made.integerShare).toFixed(0)} % of the products in integers`,
    );
  } catch (thrown) {
    console.log(
      `${name} ${precision}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}

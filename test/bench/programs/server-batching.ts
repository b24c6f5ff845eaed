import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../../engine/base/random.ts';
import { ratioInterval, type Estimate } from '../../../engine/base/statistics.ts';
import { formatNumber } from '../../../engine/base/units.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { usableCores } from '../../../engine/devices/usable-cores.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { defaultEngineConfig, type EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { writeDataset } from '../../../suites/data/dataset.ts';
import { untilMeasured, type ServedModel } from './server/serve-once.ts';
import { report } from '../aim.ts';

const ROUNDS = 6;
const CAPACITY_AIM = 1.5;
const LOAD = 0.8;
const BATCH = 8;

/**
 * What the batcher is worth to single requests in the scenario `server`, on a model whose
 * weights do not fit the caches, so that one sample costs nearly what eight cost: its
 * capacity against that without batching, and p99 at 80 % of the capacity without. The
 * rounds are interleaved and are the unit of the intervals (95 %). About three minutes.
 */
export async function serverBatching(signal: AbortSignal): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'claw-bench-'));
  try {
    const model = await writeMemoryBoundModel(folder);
    const capacity = await compare((config) => capacityOf(config, model, signal));
    describe('capacity in server, batches of up to 8 against single ones', capacity, {
      aim: `at least ${CAPACITY_AIM}`,
      met: capacity.ratio.low >= CAPACITY_AIM,
    });
    const ratePerSecond = LOAD * capacity.single;
    const p99 = await compare((config) => p99At(ratePerSecond, { config, model, signal }));
    describe(`p99 at ${formatNumber(ratePerSecond)} requests/s, 80 % of that of single ones`, p99, {
      aim: 'at most 1',
      met: p99.ratio.high <= 1,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe(
  what: string,
  { single, ratio }: Compared,
  verdict: { readonly aim: string; readonly met: boolean },
): void {
  const { value, low, high } = ratio;
  console.log(
    `  single: ${formatNumber(single)}; batched, over it: [${formatNumber(low)}, ${formatNumber(high)}]`,
  );
  report(what, { value, unit: 'times', ...verdict });
}

interface Compared {
  /** Geometric mean of what single requests reach. */
  readonly single: number;
  /** Batched over single. */
  readonly ratio: Estimate;
}

/** Each config once a round, in an order drawn for the round. */
async function compare(measure: (config: EngineConfig) => Promise<number>): Promise<Compared> {
  const random = createRandom(1, 'server batching');
  const singles: number[] = [];
  const differences: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const logs = new Map<number, number>();
    for (const maxSize of random.shuffled([1, BATCH])) {
      logs.set(maxSize, Math.log(await measure(configWith(maxSize))));
    }
    const single = logs.get(1) ?? Number.NaN;
    singles.push(single);
    differences.push((logs.get(BATCH) ?? Number.NaN) - single);
  }
  const single = Math.exp(singles.reduce((sum, value) => sum + value, 0) / singles.length);
  return { single, ratio: ratioInterval(differences, 0.95) };
}

/** A thread of its own, so that requests gather while it runs; a core is left to the generator. */
function configWith(maxSize: number): EngineConfig {
  const base = defaultEngineConfig(Math.max(1, usableCores(systemFiles()) - 1));
  const batch = { maxSize, maxDelayMs: 0 };
  return { ...base, isolation: 'thread', spinning: false, batch };
}

/** Answers a second when far more requests come than can be answered. */
async function capacityOf(
  config: EngineConfig,
  model: ServedModel,
  signal: AbortSignal,
): Promise<number> {
  const ratePerSecond = OVERLOAD * SINGLES_PER_SECOND;
  const metrics = await untilMeasured({ config, model, ratePerSecond, signal });
  return metrics.qps;
}

/** More than any machine reaches with this model: a sample reads 64 MiB of weights. */
const SINGLES_PER_SECOND = 400;
const OVERLOAD = 4;

async function p99At(
  ratePerSecond: number,
  of: { readonly config: EngineConfig; readonly model: ServedModel; readonly signal: AbortSignal },
): Promise<number> {
  const metrics = await untilMeasured({ ...of, ratePerSecond });
  return metrics.latencyMs.p99;
}

const WIDTH = 2048;
const LAYERS = 4;

/** Four products with 2048 x 2048 weights of their own: 64 MiB in float32. */
async function writeMemoryBoundModel(folder: string): Promise<ServedModel> {
  const random = createRandom(1, 'weights');
  const builder = new ModelBuilder({ name: 'memory-bound', opset: 17 });
  let value = builder.input('x', 'float32', ['N', WIDTH]);
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const data = Float32Array.from({ length: WIDTH * WIDTH }, () => random.next() / WIDTH);
    const weights = { type: 'float32', dims: [WIDTH, WIDTH], data } as const;
    value = builder.node('MatMul', [value, builder.initializer(`w${layer}`, weights)]);
  }
  builder.output(value, 'float32', ['N', WIDTH]);
  const modelPath = join(folder, 'model.onnx');
  writeFileSync(modelPath, writeModel(builder.build()));
  const datasetFolder = join(folder, 'data');
  const data = Float32Array.from({ length: 4 * WIDTH }, () => random.next());
  const x = { name: 'x', type: 'float32', dims: [WIDTH], batched: true, data } as const;
  await writeDataset(datasetFolder, { count: 4, inputs: [x], labels: null });
  return { modelPath, datasetFolder };
}

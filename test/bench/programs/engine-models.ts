import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../../engine/base/random.ts';
import { median } from '../../../engine/base/statistics.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { createSession } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig, type EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';

/** How every session of these benchmarks runs: one thread, and nobody spins. */
export const ONE_THREAD: EngineConfig = { ...defaultEngineConfig(1), spinning: false };

/** float32 elements of the picture that `writePickModel` reads: 588 KiB. */
export const PICTURE_DIMS = [1, 3, 224, 224] as const;

/** `y`: the first two columns of `x`. A run of microseconds, whatever the 600 KB of its feed. */
export function writePickModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'pick', opset: 17 });
  builder.input('x', 'float32', PICTURE_DIMS);
  const numbers = (name: string, ...values: readonly number[]): string => {
    const data = BigInt64Array.from(values.map(BigInt));
    return builder.initializer(name, { type: 'int64', dims: [values.length], data });
  };
  const cut = [numbers('starts', 0, 0, 0, 0), numbers('ends', 1, 1, 1, 2)];
  builder.node('Slice', ['x', ...cut], { outputs: ['y'] });
  builder.output('y', 'float32', [1, 1, 1, 2]);
  return write(folder, builder);
}

const ROWS = 64;
const WIDTH = 512;
const FIRST_LAYERS = 22;
const AIMED_MS = 7.5;
const TIMED_RUNS = 40;
const ATTEMPTS = 5;

export interface SizedModel {
  readonly path: string;
  /** Median of one run on one thread that is alone, in milliseconds. */
  readonly runMs: number;
}

/** A model that takes 5 to 10 ms on one thread of this machine. Throws where none is found. */
export async function writeSizedModel(folder: string): Promise<SizedModel> {
  let layers = FIRST_LAYERS;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const path = writeLayers(folder, layers);
    const runMs = await timeRuns(path);
    console.log(`model of ${layers} layers: ${runMs.toFixed(1)} ms a run on one thread`);
    if (runMs >= 5 && runMs <= 10) return { path, runMs };
    layers = Math.max(1, Math.round((layers * AIMED_MS) / runMs));
  }
  throw new Error(`no model takes 5 to 10 ms in ${ATTEMPTS} attempts: the machine is not quiet`);
}

export function sizedFeeds(): Tensors {
  const random = createRandom(1, 'feeds');
  const data = Float32Array.from({ length: ROWS * WIDTH }, () => random.next());
  return { x: { type: 'float32', dims: [ROWS, WIDTH], data } };
}

/** Products with the same 1 MiB of weights, so that two sessions do not fight for the caches. */
function writeLayers(folder: string, layers: number): string {
  const random = createRandom(1, 'weights');
  const builder = new ModelBuilder({ name: `layers-${layers}`, opset: 17 });
  const data = Float32Array.from({ length: WIDTH * WIDTH }, () => random.normal() / WIDTH);
  const weights = builder.initializer('w', { type: 'float32', dims: [WIDTH, WIDTH], data });
  let value = builder.input('x', 'float32', [ROWS, WIDTH]);
  for (let layer = 0; layer < layers; layer += 1) {
    // Values keep their size: numbers that fade to denormals would take nine times as long.
    value = builder.node('Tanh', [builder.node('MatMul', [value, weights])]);
    value = builder.node('Add', [value, 'x']);
  }
  builder.output(value, 'float32', [ROWS, WIDTH]);
  return write(folder, builder);
}

async function timeRuns(path: string): Promise<number> {
  const session = await createSession(path, toSessionOptions(ONE_THREAD));
  const feeds = sizedFeeds();
  const timesMs: number[] = [];
  for (let run = 0; run < TIMED_RUNS; run += 1) {
    const startedMs = performance.now();
    await session.run(feeds);
    timesMs.push(performance.now() - startedMs);
  }
  await session.close();
  return median(timesMs);
}

function write(folder: string, builder: ModelBuilder): string {
  const model = builder.build();
  const path = join(folder, `${model.graph.name}.onnx`);
  writeFileSync(path, writeModel(model));
  return path;
}

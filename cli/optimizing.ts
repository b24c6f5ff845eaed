import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { UsageError, UserError } from '../engine/base/errors.ts';
import { formatNumber } from '../engine/base/units.ts';
import { usableCores } from '../engine/devices/usable-cores.ts';
import { defaultEngineConfig } from '../engine/runtime/engine-config.ts';
import type { Tensors } from '../engine/runtime/tensor.ts';
import type { SpeedComparison } from '../suites/speed/compare-speed.ts';
import { timeModels } from '../suites/speed/time-models.ts';
import { machine } from './measuring.ts';
import { floorOptionsSchema, workloadOptionsSchema } from './option-values.ts';
import type { Progress } from './progress.ts';

export const optimizeOptionsSchema = workloadOptionsSchema.extend(floorOptionsSchema.shape).extend({
  precision: z.string(),
  calibration: z.string(),
  blockSize: z.string(),
  output: z.string(),
  passes: z.string(),
  provider: z.string(),
  bench: z.boolean(),
  json: z.boolean().optional(),
});
export type OptimizeOptions = z.infer<typeof optimizeOptionsSchema>;

const BUILD_TIMEOUT_MS = 600_000;
const BLOCKS = 10;
const BLOCK_MS = 200;

export async function checkOutput(modelPath: string, output: string): Promise<void> {
  if (resolve(modelPath) === resolve(output)) {
    throw new UsageError('the output is the model itself', { remedy: 'give another name with -o' });
  }
  const found = await stat(output).catch(() => null);
  if (found?.isDirectory() === true) {
    throw new UserError(`cannot write ${output}: it is a folder`, { remedy: 'give a file name' });
  }
}

export async function timeBoth(
  job: {
    readonly modelPath: string;
    readonly outPath: string;
    readonly samples: readonly Tensors[];
  },
  around: { readonly progress: Progress; readonly signal: AbortSignal; readonly seed: number },
): Promise<SpeedComparison> {
  around.progress.step('timing it against the original');
  const [feeds = {}] = job.samples;
  return timeModels(
    {
      original: job.modelPath,
      rewritten: job.outPath,
      feeds,
      config: defaultEngineConfig(usableCores(machine.files)),
      blocks: BLOCKS,
      blockMs: BLOCK_MS,
      seed: around.seed,
    },
    { timeoutMs: BUILD_TIMEOUT_MS, signal: around.signal },
  );
}

export function speedLines(speed: SpeedComparison | null): string[] {
  if (speed === null) return [];
  const { speedup, originalMs, rewrittenMs, originalLoadMs, rewrittenLoadMs } = speed;
  return [
    `  a run: ${formatNumber(originalMs)} -> ${formatNumber(rewrittenMs)} ms, ${speedup.value.toFixed(3)} times as fast [${speedup.low.toFixed(3)}, ${speedup.high.toFixed(3)}] under the runtime's own level all`,
    `  loading: ${formatNumber(originalLoadMs)} -> ${formatNumber(rewrittenLoadMs)} ms`,
  ];
}

import type { BigIntStats } from 'node:fs';
import { mkdtemp, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, UsageError, UserError } from '../engine/base/errors.ts';
import { makeFolder, writeError } from '../engine/base/files.ts';
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

/** The output must be a file of its own: neither the model nor the data, nor a folder. */
export async function checkOutput(modelPath: string, options: OptimizeOptions): Promise<void> {
  const { output, data } = options;
  if (output === '') throw new UsageError('-o is empty', { remedy: 'give a file name' });
  const others = new Map([
    [modelPath, 'the model'],
    ...(data === undefined ? [] : [[data, 'the data'] as const]),
  ]);
  for (const [path, what] of others) {
    if (!(await isSameFile(path, output))) continue;
    throw new UsageError(`the output is ${what} itself`, { remedy: 'give another name with -o' });
  }
  const found = await stat(output).catch(() => null);
  if (found?.isDirectory() === true) {
    throw new UserError(`cannot write ${output}: it is a folder`, { remedy: 'give a file name' });
  }
}

/** By what is on disk: a link or another spelling of the path is the same file. */
async function isSameFile(path: string, other: string): Promise<boolean> {
  if (resolve(path) === resolve(other)) return true;
  const found = async (one: string): Promise<BigIntStats | null> =>
    stat(one, { bigint: true }).catch(() => null);
  const [a, b] = [await found(path), await found(other)];
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}

/**
 * Makes a file in a folder of its own beside `output`, and moves it there when it is
 * whole: what is stopped, killed or refused leaves nothing. That it can be written is
 * known before the work, which may take an hour. Folders that were made for it go
 * again when it fails.
 */
export async function writeWhole<Result>(
  output: string,
  make: (path: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(output);
  const made = await makeFolder(dirname(target)).catch((thrown: unknown) => {
    throw unwritable(output, thrown);
  });
  try {
    return await makeAside(output, make);
  } catch (thrown) {
    if (made !== undefined) await removeEmpty(dirname(target), made);
    throw thrown;
  }
}

async function makeAside<Result>(
  output: string,
  make: (path: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(output);
  const folder = await mkdtemp(`${target}.`).catch((thrown: unknown) => {
    throw unwritable(output, thrown);
  });
  try {
    const name = basename(target);
    const result = await make(join(folder, name));
    // The data first: a model that is there finds what it refers to.
    const files = (await readdir(folder)).sort((a, b) => Number(a === name) - Number(b === name));
    for (const file of files) await rename(join(folder, file), join(dirname(target), file));
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unwritable(output: string, thrown: unknown): Error {
  const known = writeError(output, thrown);
  if (known instanceof UserError) return known;
  return new UserError(`cannot write ${output}: ${messageOf(thrown)}`, {
    remedy: 'choose another folder',
    cause: thrown,
  });
}

/** From a folder up to the topmost that was made; one that others have used stays. */
async function removeEmpty(folder: string, topmost: string): Promise<void> {
  for (let path = folder; path.startsWith(topmost); path = dirname(path)) {
    const isGone = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
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

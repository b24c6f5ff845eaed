import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../engine/base/files.ts';
import { parseAs } from '../../engine/base/json.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import { runtimeVersion } from '../../engine/runtime/binding.ts';
import { describeChildEnd, runChildTask } from '../../engine/runtime/child-task.ts';
import { z } from 'zod';
import { openDataset } from '../data/dataset.ts';

/** Samples whose outputs are kept where the batch is free. */
const GOLDEN_ROWS = 3;
const TIMEOUT_MS = 300_000;

export interface PreparedGolden {
  /** Folder of the reference outputs; null when there is no reference. */
  readonly folder: string | null;
  /** Why there is none, for people. */
  readonly note: string | null;
}

const replySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('golden'), problem: z.string().nullable() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);

/**
 * Reference outputs of a model on the first samples of its data, computed once
 * in a process of its own and kept in the cache: the same model, samples and
 * runtime have the same reference. Rejects only when aborted.
 */
export async function prepareGolden(
  workload: {
    readonly modelPath: string;
    readonly sha256: string;
    readonly datasetFolder: string;
    readonly batch: 'free' | number;
  },
  options: { readonly cacheFolder: string; readonly signal: AbortSignal },
): Promise<PreparedGolden> {
  const rows = await goldenRows(workload);
  const inputs = await hashOfSamples(workload.datasetFolder, rows);
  const identity = [workload.sha256, inputs, runtimeVersion(), String(workload.batch)].join(' ');
  const folder = join(options.cacheFolder, 'golden', sha256(identity).slice(0, 24));
  if ((await stat(join(folder, 'dataset.json')).catch(() => null)) !== null) {
    return { folder, note: null };
  }
  const { modelPath, datasetFolder } = workload;
  const batchIsFree = workload.batch === 'free';
  const job = { modelPath, datasetFolder, rows, batchIsFree, folder };
  const problem = await compute(job, options.signal);
  if (problem === null) return { folder, note: null };
  return { folder: null, note: `outputs are not checked in each trial: ${problem}` };
}

async function goldenRows(workload: {
  readonly datasetFolder: string;
  readonly batch: 'free' | number;
}): Promise<number> {
  if (workload.batch !== 'free') return workload.batch;
  const dataset = await openDataset(workload.datasetFolder);
  await dataset.close();
  return Math.min(GOLDEN_ROWS, dataset.count);
}

async function hashOfSamples(datasetFolder: string, rows: number): Promise<string> {
  const dataset = await openDataset(datasetFolder);
  try {
    const feeds = Object.entries(await dataset.read(0, rows));
    const parts = feeds.map(([name, { type, dims, data }]) => {
      const { buffer, byteOffset, byteLength } = data as Uint8Array;
      const bytes = Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength));
      return `${name} ${type} ${dims.join('x')} ${sha256(bytes)}`;
    });
    return sha256(parts.join('\n'));
  } finally {
    await dataset.close();
  }
}

async function compute(job: object, signal: AbortSignal): Promise<string | null> {
  const program = siblingModule(import.meta.url, './golden-process');
  const end = await runChildTask(program, job, { timeoutMs: TIMEOUT_MS, signal });
  if (end.reply === null) {
    return end.timedOut ? 'the reference took too long' : describeChildEnd('the reference', end);
  }
  const reply = parseAs(end.reply, replySchema, 'the reference gave a wrong reply');
  return reply.kind === 'failed' ? reply.message : reply.problem;
}

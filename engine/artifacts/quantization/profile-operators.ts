import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { median } from '../../base/statistics.ts';
import { createSession } from '../../runtime/binding.ts';
import type { EngineConfig } from '../../runtime/engine-config.ts';
import { toSessionOptions } from '../../runtime/session-options.ts';
import type { Tensors } from '../../runtime/tensor.ts';

/** Microseconds of kernel time of one run by operator, as the runtime's own profile counts them. */
export type OperatorTimes = Readonly<Record<string, number>>;

const eventSchema = z.object({
  cat: z.string().optional(),
  name: z.string(),
  dur: z.number().optional(),
  args: z.object({ op_name: z.string().optional() }).optional(),
});

/**
 * Runs a model with the runtime's profiler on, and adds up its kernels' times: of each
 * node the median of the runs, since a first run, or one that was interrupted, would
 * count for many.
 */
export async function profileOperators(
  modelPath: string,
  feeds: Tensors,
  options: { readonly config: EngineConfig; readonly runs: number },
): Promise<OperatorTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-profile-'));
  try {
    const session = await createSession(modelPath, {
      ...toSessionOptions(options.config),
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    try {
      for (let run = 0; run < options.runs; run += 1) await session.run(feeds);
    } finally {
      // Closing writes the profile.
      await session.close();
    }
    return sumByOperator(await readProfile(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readProfile(folder: string): Promise<unknown> {
  const [file] = await readdir(folder);
  return file === undefined ? [] : JSON.parse(await readFile(join(folder, file), 'utf8'));
}

function sumByOperator(profile: unknown): OperatorTimes {
  const kernels = z.array(eventSchema).parse(profile).filter(isKernelTime);
  const times: Record<string, number> = {};
  for (const events of Map.groupBy(kernels, ({ name }) => name).values()) {
    const operator = events[0]?.args?.op_name ?? '';
    times[operator] = (times[operator] ?? 0) + median(events.map(({ dur }) => dur ?? 0));
  }
  return times;
}

function isKernelTime({ cat, name, args }: z.infer<typeof eventSchema>): boolean {
  return cat === 'Node' && args?.op_name !== undefined && name.endsWith('kernel_time');
}

/** Operators that multiply in integers, as the runtime names them after its rewrites. */
const INTEGER = new Set([
  'QLinearConv',
  'QGemm',
  'QLinearMatMul',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'MatMulInteger',
  'QAttention',
  'MatMulNBits',
]);
const FLOAT = new Set([
  'Conv',
  'FusedConv',
  'NhwcFusedConv',
  'Gemm',
  'FusedGemm',
  'MatMul',
  'FusedMatMul',
  'Attention',
  'MultiHeadAttention',
]);

/** Share of the time of all products (Conv, Gemm, MatMul) that integer kernels took, 0 to 1. */
export function integerShare(times: OperatorTimes): number {
  const sum = (names: ReadonlySet<string>): number =>
    Object.entries(times).reduce((total, [name, us]) => total + (names.has(name) ? us : 0), 0);
  const integer = sum(INTEGER);
  const all = integer + sum(FLOAT);
  return all === 0 ? 0 : integer / all;
}

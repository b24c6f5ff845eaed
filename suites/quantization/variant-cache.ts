import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { makeFolder, sha256, sha256OfFile, writeFileAtomic } from '../../engine/base/files.ts';
import { parseAs } from '../../engine/base/json.ts';
import { packageVersion } from '../../engine/base/package-info.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import { runtimeVersion } from '../../engine/runtime/binding.ts';
import {
  describeChildEnd,
  runChildTask,
  type ChildTaskOptions,
} from '../../engine/runtime/child-task.ts';
import {
  variantReplySchema,
  variantReportSchema,
  type VariantRecord,
  type VariantTask,
} from './variant-job.ts';

/** A variant on disk. */
export interface Variant {
  readonly path: string;
  readonly sha256: string;
  readonly report: VariantRecord;
}

const keptSchema = z.strictObject({ sha256: z.string(), report: variantReportSchema });

/** Raised when variants are made in another way. */
const RECIPE = 6;

/** Everything of a task but where the result goes. */
export type VariantRequest = Omit<VariantTask, 'job'> & {
  readonly job: Omit<VariantTask['job'], 'outPath'>;
};

/**
 * The variant of a request from the cache, or made into it. The key holds all
 * that it depends on: model, data, method, floors, and the versions of the
 * runtime and of ours.
 */
export async function cachedVariant(
  request: VariantRequest,
  options: ChildTaskOptions & { readonly cacheFolder: string; readonly dataKey: string },
): Promise<Variant> {
  const identity = {
    recipe: RECIPE,
    ...request,
    job: { ...request.job, modelPath: await sha256OfFile(request.job.modelPath), threads: 0 },
    data: options.dataKey,
    runtime: runtimeVersion(),
    openclaw: packageVersion(),
  };
  const folder = join(
    options.cacheFolder,
    'variants',
    sha256(JSON.stringify(identity)).slice(0, 24),
  );
  const path = join(folder, 'model.onnx');
  const kept = await readKept(folder, path);
  if (kept !== null) return kept;
  const report = await makeVariant({ ...request, job: { ...request.job, outPath: path } }, options);
  const digest = await sha256OfFile(path);
  // Written last: without it the model beside it does not count as kept.
  await writeFileAtomic(join(folder, 'variant.json'), JSON.stringify({ sha256: digest, report }));
  return { path, sha256: digest, report };
}

/** Null when there is none, or when it is not what was kept. */
async function readKept(folder: string, path: string): Promise<Variant | null> {
  try {
    const kept = keptSchema.parse(JSON.parse(await readFile(join(folder, 'variant.json'), 'utf8')));
    if ((await sha256OfFile(path)) === kept.sha256) return { path, ...kept };
  } catch {
    // Absent or damaged: it is made again.
  }
  await rm(join(folder, 'variant.json'), { force: true });
  return null;
}

/**
 * Makes a variant in a process of its own. Throws UserError for data that does not
 * fit, a floor that is not held (exit code 4), a crash or a timeout.
 */
export async function makeVariant(
  task: VariantTask,
  options: ChildTaskOptions,
): Promise<VariantRecord> {
  const { modelPath, precision, outPath } = task.job;
  await makeFolder(dirname(outPath));
  const end = await runChildTask(
    siblingModule(import.meta.url, './variant-process'),
    task,
    options,
  );
  const what = `making ${precision} of ${modelPath}`;
  if (end.timedOut) throw new UserError(`${what} took longer than ${options.timeoutMs / 1000} s`);
  if (end.reply === null) throw new UserError(describeChildEnd(what, end));
  const reply = parseAs(end.reply, variantReplySchema, `${what} gave a wrong reply`);
  switch (reply.kind) {
    case 'built':
      return reply.report;
    case 'below-floor':
      throw new UserError(reply.message, { exitCode: 4, remedy: reply.remedy });
    case 'failed':
      throw new UserError(reply.message);
  }
}

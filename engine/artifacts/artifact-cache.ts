import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { makeFolder, sha256, sha256OfFile, writeFileAtomic } from '../base/files.ts';
import { packageVersion } from '../base/package-info.ts';
import { siblingModule } from '../base/sibling-module.ts';
import { selectPasses } from '../graph/passes/registry.ts';
import { runtimeVersion } from '../runtime/binding.ts';
import { describeChildEnd, runChildTask, type ChildTaskOptions } from '../runtime/child-task.ts';
import type { ArtifactJob, ArtifactReport } from './build-artifact.ts';

/** A rewritten model on disk. */
export interface Artifact {
  readonly path: string;
  readonly sha256: string;
  readonly report: ArtifactReport;
}

/**
 * The artifact of a job from the cache, or built into it. The key holds all that
 * the result depends on: model, passes, provider, and the versions of the runtime
 * that computed its constants and of our passes.
 */
export async function cachedArtifact(
  job: Omit<ArtifactJob, 'outPath'>,
  options: ChildTaskOptions & { readonly cacheFolder: string },
): Promise<Artifact> {
  const key = sha256(
    JSON.stringify({
      model: await sha256OfFile(job.modelPath),
      passes: selectPasses(job.pipeline, job.provider, job.switches).map((pass) => pass.name),
      provider: job.provider,
      runtime: runtimeVersion(),
      openclaw: packageVersion(),
    }),
  );
  const folder = join(options.cacheFolder, 'artifacts', key.slice(0, 24));
  const path = join(folder, 'model.onnx');
  return (await readKept(folder, path)) ?? buildInto(folder, { ...job, outPath: path }, options);
}

async function buildInto(
  folder: string,
  job: ArtifactJob,
  options: ChildTaskOptions,
): Promise<Artifact> {
  const report = await buildInProcess(job, options);
  const digest = await sha256OfFile(job.outPath);
  // Written last: without it the model beside it does not count as kept.
  await writeFileAtomic(join(folder, 'artifact.json'), JSON.stringify({ sha256: digest, report }));
  return { path: job.outPath, sha256: digest, report };
}

/** Null when there is none, or when it is not what was kept. */
async function readKept(folder: string, path: string): Promise<Artifact | null> {
  try {
    const text = await readFile(join(folder, 'artifact.json'), 'utf8');
    const kept = JSON.parse(text) as { readonly sha256: string; readonly report: ArtifactReport };
    if ((await sha256OfFile(path)) === kept.sha256) return { path, ...kept };
  } catch {
    // Absent or damaged: it is built again.
  }
  await rm(join(folder, 'artifact.json'), { force: true });
  return null;
}

/**
 * Builds an artifact in a process of its own. Throws UserError for a model that
 * cannot be rewritten, a result that disagrees, a crash or a timeout.
 */
export async function buildInProcess(
  job: ArtifactJob,
  options: ChildTaskOptions,
): Promise<ArtifactReport> {
  await makeFolder(dirname(job.outPath));
  const program = siblingModule(import.meta.url, './artifact-process');
  const end = await runChildTask(program, job, options);
  if (end.timedOut) {
    throw new UserError(
      `rewriting ${job.modelPath} took longer than ${options.timeoutMs / 1000} s`,
    );
  }
  const reply = end.reply as
    | { readonly kind: 'built'; readonly report: ArtifactReport }
    | { readonly kind: 'failed'; readonly message: string }
    | null;
  if (reply === null) throw new UserError(describeChildEnd(`rewriting ${job.modelPath}`, end));
  if (reply.kind === 'failed') throw new UserError(reply.message);
  return reply.report;
}

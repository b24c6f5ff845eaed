import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.ts';
import { makeFolder, sha256, sha256OfFile, writeFileAtomic } from '../../base/files.ts';
import { parseAs } from '../../base/json.ts';
import { packageVersion } from '../../base/package-info.ts';
import { siblingModule } from '../../base/sibling-module.ts';
import { sessionFactsSchema, type SessionFacts } from '../../graph/memory-plan/session-facts.ts';
import { runtimeVersion } from '../../runtime/binding.ts';
import { describeChildEnd, runChildTask, type ChildTaskOptions } from '../../runtime/child-task.ts';
import type { GraphLevel } from '../../runtime/engine-config.ts';
import type { ObservedRequest } from '../observe-shapes.ts';

export interface SessionObservation {
  readonly modelPath: string;
  readonly graphLevel: GraphLevel;
  /** Ascending by batch: one, or two where the batch is free, from which others follow. */
  readonly requests: readonly [ObservedRequest, ...ObservedRequest[]];
}

const replySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('observed'), facts: sessionFactsSchema }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);

/**
 * Runs a model in a process of its own and tells what the memory of its sessions follows
 * from. Throws UserError for a model that does not run, a crash or a timeout.
 */
export async function observeSession(
  observation: SessionObservation,
  options: ChildTaskOptions,
): Promise<SessionFacts> {
  const program = siblingModule(import.meta.url, './observe-process');
  const end = await runChildTask(program, observation, options);
  const what = `observing the memory of ${observation.modelPath}`;
  if (end.timedOut) throw new UserError(`${what} took longer than ${options.timeoutMs / 1000} s`);
  if (end.reply === null) throw new UserError(describeChildEnd(what, end));
  const reply = parseAs(end.reply, replySchema, `${what} gave a wrong reply`);
  if (reply.kind === 'failed') throw new UserError(reply.message);
  return reply.facts;
}

/** Raised when facts are found in another way. */
const RECIPE = 1;

/**
 * The same from the cache, or kept there. The key holds what the facts depend on: the
 * file, the level, the shapes that are fed, the versions, and the CPU, for which the
 * runtime lays out weights.
 */
export async function cachedSessionFacts(
  observation: SessionObservation,
  options: ChildTaskOptions & { readonly cacheFolder: string; readonly cpu: string },
): Promise<SessionFacts> {
  const { modelPath, graphLevel, requests } = observation;
  const identity = {
    recipe: RECIPE,
    model: await sha256OfFile(modelPath),
    graphLevel,
    shapes: requests.map(({ batch, feeds }) => [
      batch,
      Object.entries(feeds).map(([name, { dims }]) => [name, dims]),
    ]),
    cpu: options.cpu,
    runtime: runtimeVersion(),
    openclaw: packageVersion(),
  };
  const folder = join(options.cacheFolder, 'sessions');
  const path = join(folder, `${sha256(JSON.stringify(identity)).slice(0, 24)}.json`);
  const kept = await readKept(path);
  if (kept !== null) return kept;
  const facts = await observeSession(observation, options);
  await makeFolder(folder);
  await writeFileAtomic(path, JSON.stringify(facts));
  return facts;
}

async function readKept(path: string): Promise<SessionFacts | null> {
  try {
    return sessionFactsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Absent or damaged: it is observed again.
    return null;
  }
}

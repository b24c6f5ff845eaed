import { messageOf, UserError } from '../base/errors.ts';
import { createSession, type Session } from '../runtime/binding.ts';
import { defaultEngineConfig } from '../runtime/engine-config.ts';
import { toSessionOptions } from '../runtime/session-options.ts';
import type { Tensor, Tensors } from '../runtime/tensor.ts';
import { numbersOf } from './tensor-values.ts';

/** How far one model's outputs are from another's on the same inputs. */
export interface ModelDifference {
  /** Largest |a - b| over the largest |a| of the same output; 0 when equal. */
  readonly relative: number;
  /** The output where it is largest; null when all are equal. */
  readonly output: string | null;
  /** Set when they cannot be compared: other names, types or shapes. */
  readonly mismatch: string | null;
}

const EQUAL: ModelDifference = { relative: 0, output: null, mismatch: null };

export interface ModelComparison {
  readonly difference: ModelDifference;
  /** Samples that the original answered, and that were therefore compared. */
  readonly compared: number;
}

/**
 * Runs both models in the runtime, one after the other on one thread, on every
 * sample that the original answers, and gives the largest difference. Throws
 * UserError when it answers none, or when the rewritten one cannot be run.
 */
export async function compareModels(
  paths: { readonly original: string; readonly rewritten: string },
  samples: readonly Tensors[],
): Promise<ModelComparison> {
  const original = await withSession(paths.original, (session) => answers(session, samples));
  const answered = original.filter((answer) => answer.outputs !== null);
  if (answered.length === 0) {
    throw new UserError(`${paths.original} does not run: ${original[0]?.refusal ?? 'no inputs'}`, {
      remedy: 'give inputs with --data, or the sizes of open dimensions with --dim name=size',
    });
  }
  const difference = await withSession(paths.rewritten, async (session) => {
    let worst = EQUAL;
    for (const { feeds, outputs } of answered) {
      const found = compareOutputs(outputs ?? {}, await session.run(feeds));
      if (found.mismatch !== null) return found;
      if (!(found.relative <= worst.relative)) worst = found;
    }
    return worst;
  });
  return { difference, compared: answered.length };
}

interface Answer {
  readonly feeds: Tensors;
  /** Null where the model refused. */
  readonly outputs: Tensors | null;
  readonly refusal: string | null;
}

async function answers(session: Session, samples: readonly Tensors[]): Promise<Answer[]> {
  const all: Answer[] = [];
  for (const feeds of samples) {
    try {
      all.push({ feeds, outputs: await session.run(feeds), refusal: null });
    } catch (thrown) {
      all.push({ feeds, outputs: null, refusal: messageOf(thrown) });
    }
  }
  return all;
}

async function withSession<T>(path: string, work: (session: Session) => Promise<T>): Promise<T> {
  // `basic`: the least that runs everywhere; some exports have no kernel without it.
  const config = { ...defaultEngineConfig(1), spinning: false, graphLevel: 'basic' } as const;
  const session = await createSession(path, toSessionOptions(config));
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export function compareOutputs(original: Tensors, rewritten: Tensors): ModelDifference {
  let worst = EQUAL;
  for (const [name, tensor] of Object.entries(original)) {
    const other = rewritten[name];
    const mismatch = mismatchOf(name, tensor, other);
    if (mismatch !== null) return { relative: Infinity, output: name, mismatch };
    const relative = relativeDifference(tensor, other as Tensor);
    if (relative > worst.relative) worst = { relative, output: name, mismatch: null };
  }
  return worst;
}

function mismatchOf(name: string, a: Tensor, b: Tensor | undefined): string | null {
  if (b === undefined) return `the output '${name}' is gone`;
  if (a.type !== b.type) return `the output '${name}' was ${a.type} and is ${b.type}`;
  if (a.dims.join() === b.dims.join()) return null;
  return `the output '${name}' was [${a.dims.join(', ')}] and is [${b.dims.join(', ')}]`;
}

/** Non-finite elements must agree exactly; texts too. */
function relativeDifference(a: Tensor, b: Tensor): number {
  if (Array.isArray(a.data) || Array.isArray(b.data)) {
    return String(a.data) === String(b.data) ? 0 : Infinity;
  }
  const x = numbersOf(a);
  const y = numbersOf(b);
  let largest = 0;
  let difference = 0;
  for (let index = 0; index < x.length; index += 1) {
    const left = Number(x[index]);
    const right = Number(y[index]);
    if (Object.is(left, right) || left === right) {
      if (Number.isFinite(left)) largest = Math.max(largest, Math.abs(left));
    } else if (!Number.isFinite(left) || !Number.isFinite(right)) {
      return Infinity;
    } else {
      largest = Math.max(largest, Math.abs(left));
      difference = Math.max(difference, Math.abs(left - right));
    }
  }
  return difference === 0 ? 0 : difference / Math.max(largest, Number.MIN_VALUE);
}

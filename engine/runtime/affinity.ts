import { cpus } from 'node:os';
import { UsageError } from '../base/errors.ts';
import { systemFiles } from '../devices/system-files.ts';

export interface AffinityContext {
  /** The main thread runs one share itself and is never bound. */
  readonly intraOpThreads: number;
  /**
   * Numbers of the processors that this process may use, from 1, or null where the system
   * does not tell: then only the form is checked. Default: the system's.
   */
  readonly processors?: ReadonlySet<number> | null;
}

/**
 * Refuses affinities that the runtime would not apply; it logs an error at most, and runs
 * on with threads where the system puts them.
 *
 * The syntax is that of `session.intra_op_thread_affinities` in
 * onnxruntime_session_options_config_keys.h: for each thread but the first the processors
 * that it may use, numbered from 1, such as `1,2` or `3-4`, with semicolons between threads.
 */
export function checkAffinity(affinity: string, context: AffinityContext): void {
  const { intraOpThreads, processors = usableProcessors() } = context;
  const groups = affinity.split(';');
  const expected = intraOpThreads - 1;
  if (groups.length !== expected) {
    throw new UsageError(
      `config: affinity '${affinity}' is for ${groups.length} threads, but intraOpThreads ${intraOpThreads} needs it for ${expected}`,
      {
        remedy:
          expected === 0
            ? 'leave the affinity out: the only thread is the caller and is not bound'
            : `give ${expected} groups of processors with semicolons between: the first thread is the caller and is not bound`,
      },
    );
  }
  for (const number of groups.flatMap((group) => processorsOf(group, affinity))) {
    if (processors === null || processors.has(number)) continue;
    throw new UsageError(`config: affinity '${affinity}' names processor ${number}`, {
      remedy: `this process may use ${[...processors].join(', ')} (numbered from 1)`,
    });
  }
}

/** More than any machine has: a range must not run away. */
const MAX_PROCESSORS = 65_536;

function processorsOf(group: string, affinity: string): number[] {
  return group.split(',').flatMap((part) => {
    const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const from = Number(first);
    const to = last === undefined ? from : Number(last);
    if (!(from >= 1 && to >= from && to <= MAX_PROCESSORS)) {
      throw new UsageError(`config: affinity '${affinity}' has '${part}', which is no processor`, {
        remedy: 'write numbers from 1 or ranges, such as 1;2 or 1,2;3-4',
      });
    }
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** Of the affinity mask on Linux, whose numbers start at 0; elsewhere as many as there are. */
function usableProcessors(): ReadonlySet<number> | null {
  const status = systemFiles().read('/proc/self/status') ?? '';
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1];
  if (list !== undefined) return parseMask(list);
  const count = cpus().length;
  return count === 0 ? null : new Set(Array.from({ length: count }, (_, index) => index + 1));
}

function parseMask(list: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const range of list.split(',')) {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    for (let number = first; number <= last; number += 1) numbers.add(number + 1);
  }
  return numbers;
}

import { readdirSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { unlinkSharedMemory } from './native-memory.ts';
import { livenessOf, ownIdentity, systemProcesses, type ProcessTable } from './process-identity.ts';
import { ownerOfSegment } from './segment-name.ts';

export interface SweepOptions {
  /** Default: the system's. */
  readonly processes?: ProcessTable;
  /** Names of all shared memory, any program's. Default: what /dev/shm lists. */
  readonly list?: () => readonly string[];
  /** Takes a name away; one that is gone already is none of its concern. Default: shm_unlink. */
  readonly unlink?: (name: string) => void;
}

export interface SweepResult {
  readonly removed: readonly string[];
  /** Left to their living owners, or to owners of another pid namespace, of whom nothing is known. */
  readonly kept: readonly string[];
  /** Left by dead owners, but not ours to remove: another user's. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Removes the segments of processes that ended without closing their pools, for
 * instance by SIGKILL. Never touches those of a living process, nor what is not
 * named as ours. Several sweepers at once do no harm: a name is unique to its
 * process, and taking it away twice is once.
 */
export function sweepSharedMemory(options: SweepOptions = {}): SweepResult {
  const { processes = systemProcesses, list = listSharedMemory } = options;
  const own = ownIdentity(processes);
  const [removed, kept]: [string[], string[]] = [[], []];
  const refused: { name: string; reason: string }[] = [];
  for (const name of list()) {
    const owner = ownerOfSegment(name);
    if (owner === null) continue;
    if (livenessOf(owner, own, processes) !== 'dead') {
      kept.push(name);
      continue;
    }
    try {
      (options.unlink ?? unlinkSharedMemory)(name);
      removed.push(name);
    } catch (thrown) {
      refused.push({ name, reason: messageOf(thrown) });
    }
  }
  return { removed, kept, refused };
}

function listSharedMemory(): readonly string[] {
  try {
    return readdirSync('/dev/shm').sort();
  } catch {
    // Absent or refused: then there is nothing of ours in it either.
    return [];
  }
}

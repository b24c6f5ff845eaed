import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { ownerOfSegment } from '../../../engine/memory/segment-name.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import {
  openProcessReplica,
  type ProcessReplicaOptions,
} from '../../../engine/runtime/process-replica.ts';
import { ReplicaLostError } from '../../../engine/runtime/process/replica-lost-error.ts';
import type { Replica } from '../../../engine/runtime/replica.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';

export const processConfig = {
  ...defaultEngineConfig(1),
  spinning: false,
  isolation: 'process',
} as const;

/** Closes when the test ends. */
export async function openProcess(
  modelPath: string,
  options: Partial<ProcessReplicaOptions> = {},
): Promise<Replica> {
  const replica = await openProcessReplica({ modelPath, config: processConfig, ...options });
  onTestFinished(() => replica.close());
  return replica;
}

/** Rounds of some 10 us; the zeros stay zeros. */
export function rounds(count: bigint): Tensors {
  return {
    x: { type: 'float32', dims: [64, 64], data: new Float32Array(64 * 64) },
    count: { type: 'int64', dims: [], data: BigInt64Array.of(count) },
  };
}

/** Rounds that take months. */
export const ENDLESS = 10n ** 12n;

/** Kills the process of a replica; gives its id. */
export function kill(replica: Replica): number {
  const { pid } = replica;
  if (pid === null) throw new Error('the replica has no process');
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** What a run is rejected with; throws when that is no loss. */
export async function lossOf(run: Promise<unknown>): Promise<ReplicaLostError> {
  const thrown: unknown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof ReplicaLostError) return thrown;
  throw new Error('no loss', { cause: thrown });
}

/** Until a condition holds that nobody announces; for at most ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 1000) throw new Error('it never came true');
    await sleep(10);
  }
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Named shared memory of these processes: other tests have theirs at the same time. */
export function sharedMemoryOf(...pids: readonly number[]): readonly string[] {
  const isTheirs = (name: string): boolean => pids.includes(ownerOfSegment(name)?.pid ?? 0);
  return readdirSync('/dev/shm').filter(isTheirs);
}

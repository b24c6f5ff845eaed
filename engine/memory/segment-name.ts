import { threadId } from 'node:worker_threads';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * Names of shared memory tell its owner, so that what a killed process left
 * behind is known without opening it:
 * `openclaw-<pid namespace>.<pid>.<start ticks>-<thread>.<number>`.
 */
export function segmentName(owner: ProcessIdentity, number: number): string {
  const { namespace, pid, startTicks } = owner;
  return `openclaw-${namespace}.${pid}.${startTicks}-${threadId}.${number}`;
}

/** Null for the memory of other programs. */
export function ownerOfSegment(name: string): ProcessIdentity | null {
  const [, namespace, pid, startTicks] = NAME.exec(name) ?? [];
  if (namespace === undefined) return null;
  return { namespace: Number(namespace), pid: Number(pid), startTicks: Number(startTicks) };
}

/** Numbers of up to 15 digits are exact. */
const NAME = /^openclaw-(\d{1,15})\.(\d{1,15})\.(\d{1,15})-\d+\.\d+$/;

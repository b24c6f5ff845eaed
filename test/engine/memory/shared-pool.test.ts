import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import type { BufferPool } from '../../../engine/memory/buffer-pool.ts';
import { createSharedMemory, unlinkSharedMemory } from '../../../engine/memory/native-memory.ts';
import type { SharedSegment } from '../../../engine/memory/owned-segment.ts';
import { SegmentAttachments } from '../../../engine/memory/segment-attachments.ts';
import { SegmentHeader } from '../../../engine/memory/segment-header.ts';
import { createSharedPool } from '../../../engine/memory/shared-pool.ts';
import type { SweepResult } from '../../../engine/memory/sweep-shared-memory.ts';
import { collectUntil } from './collect-garbage.ts';
import { describePool } from './pool-conformance.ts';
import { nextMessage, startOwner, startProgram } from './segment-owner.ts';

describePool('shared', createSharedPool);

const [FIRST, SECOND] = [0, 1] as const;
const NOBODY = { namespace: 1, pid: 1, startTicks: 1 };

function attachments(): SegmentAttachments {
  const attached = new SegmentAttachments();
  onTestFinished(() => attached.close());
  return attached;
}

function isListed(name: string | undefined): boolean {
  return readdirSync('/dev/shm').includes(name ?? '');
}

test('another process reads and writes a lease in place', async () => {
  const owner = await startOwner();
  const [reference = { name: '', generation: 0 }] = owner.references;
  const { buffer, byteOffset, sizeBytes } = attachments().attach(reference);
  expect(sizeBytes).toBe(4096 - 64);
  const values = new Float32Array(buffer, byteOffset, 1000);
  // 1 + 2 + ... + 1000
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(500_500);
  values[0] = 77;
  expect((await owner.tell('read')).first).toBe(77);
});

test('a reference to a lease that ended is refused, mapped before or not', async () => {
  const owner = await startOwner();
  const attached = attachments();
  const [old = { name: '', generation: 0 }] = owner.references;
  attached.attach(old);
  const [present = old] = (await owner.tell('again')).references;
  expect(present.name).toBe(old.name);
  expect(() => attached.attach(old)).toThrow(UserError);
  expect(() => attached.attach(old)).toThrow(/generation 1 of .*'openclaw-.*serves generation 2/);
  expect(() => attachments().attach(old)).toThrow(/serves generation 2/);
  expect(attached.attach(present).sizeBytes).toBe(4032);
});

test('names go when the owner closes, and what was mapped is known to be freed', async () => {
  const owner = await startOwner();
  const attached = attachments();
  const [first = { name: '', generation: 0 }, second = first] = owner.references;
  attached.attach(first);
  await owner.tell('close');
  expect(owner.references.map(({ name }) => isListed(name))).toEqual([false, false]);
  expect(() => attached.attach(first)).toThrow(/it was freed/);
  expect(() => attached.attach(second)).toThrow(/is gone, or is another user's/);
  // The attempt to map another one dropped what was freed.
  expect(attached.count).toBe(0);
});

test('names go when the owner exits without closing', async () => {
  const owner = await startOwner();
  expect(owner.references.map(({ name }) => isListed(name))).toEqual([true, true]);
  await owner.end('exit');
  expect(owner.references.map(({ name }) => isListed(name))).toEqual([false, false]);
});

test('after a SIGKILL of the owner the next start removes its segments, and no others', async () => {
  const [killed, living] = await Promise.all([startOwner(), startOwner()]);
  await killed.end('SIGKILL');
  expect(isListed(killed.references[FIRST]?.name)).toBe(true);
  createSharedPool().close();
  expect(killed.references.map(({ name }) => isListed(name))).toEqual([false, false]);
  expect(living.references.map(({ name }) => isListed(name))).toEqual([true, true]);
});

test('two sweepers at once remove everything and fail at nothing', async () => {
  const owners = await Promise.all([startOwner(), startOwner()]);
  const sweepers = [startProgram('sweep-process'), startProgram('sweep-process')];
  await Promise.all(sweepers.map(nextMessage));
  await Promise.all(owners.map((owner) => owner.end('SIGKILL')));
  const results = (await Promise.all(
    sweepers.map((child) => {
      child.send('sweep');
      return nextMessage(child);
    }),
  )) as SweepResult[];
  const names = owners.flatMap(({ references }) => references.map(({ name }) => name));
  const removed = new Set(results.flatMap((result) => result.removed));
  expect(names.filter((name) => !removed.has(name))).toEqual([]);
  expect(names.filter(isListed)).toEqual([]);
  expect(results.flatMap(({ refused }) => refused)).toEqual([]);
});

test('a released lease frees its segment once the pool is closed', () => {
  const listeners = process.listenerCount('exit');
  const pool = createSharedPool();
  const lease = pool.take(1000);
  const { memory } = lease;
  expect(process.listenerCount('exit')).toBe(listeners + 1);
  pool.close();
  expect(isListed(memory.name)).toBe(true);
  lease.release();
  expect(isListed(memory.name)).toBe(false);
  expect(memory.generation).toBe(0);
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('says what is full when /dev/shm is, and stays usable', () => {
  const pool = createSharedPool({ limitBytes: 2 ** 46 });
  onTestFinished(() => pool.close());
  // 4 TiB and a header are more than 4 TiB: a class further.
  expect(() => pool.take(2 ** 42)).toThrow(/cannot reserve 5 TiB of shared memory.*ENOSPC/);
  expect(pool.statistics()).toMatchObject({ outstanding: 0, heldBytes: 0, misses: 0 });
  using lease = pool.take(5000);
  expect(lease.view(Uint8Array, 5000)).toHaveLength(5000);
});

test('one listener of the process serves all pools', () => {
  const listeners = process.listenerCount('exit');
  const pools = Array.from({ length: 12 }, () => createSharedPool());
  const leases = pools.map((pool) => pool.take(1));
  expect(process.listenerCount('exit')).toBe(listeners + 1);
  for (const lease of leases) lease.release();
  for (const pool of pools) pool.close();
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('of more than 256 attached segments the one used longest ago is unmapped', () => {
  const pool = createSharedPool();
  const attached = attachments();
  const leases = Array.from({ length: 257 }, () => pool.take(4000));
  const [first, second, ...others] = leases.map(({ memory }) => memory);
  const last = others.pop();
  const attach = (memory = last): unknown => memory && attached.attach(memory);
  const [mappedFirst, mappedSecond] = [attach(first), attach(second)];
  for (const memory of others) attach(memory);
  expect(attach(first)).toBe(mappedFirst);
  attach(last);
  expect(attached.count).toBe(256);
  expect(attach(first)).toBe(mappedFirst);
  expect(attach(second)).not.toBe(mappedSecond);
  for (const lease of leases) lease.release();
  pool.close();
});

test.each([
  ['has no header', () => undefined],
  ['promises more than there is', (header: SegmentHeader) => header.write(NOBODY, 4096)],
])('memory that %s is refused and unmapped again', (_, prepare) => {
  const name = `claw-test-${process.pid}`;
  const mapping = createSharedMemory(name, 4096);
  onTestFinished(() => unlinkSharedMemory(name));
  prepare(new SegmentHeader(mapping.buffer));
  mapping.close();
  const attached = attachments();
  expect(() => attached.attach({ name, generation: 1 })).toThrow(/not made by a pool/);
  expect(attached.count).toBe(0);
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(name);
});

test('a lost lease keeps its segment until the pool closes: somebody may hold a view', async () => {
  const pool = createSharedPool();
  const name = lose(pool);
  await collectUntil(() => pool.statistics().leaks > 0);
  expect(pool.statistics()).toMatchObject({ leaks: 1, heldBytes: 0, lostBytes: 4096 });
  expect(isListed(name)).toBe(true);
  pool.close();
  expect(pool.statistics().lostBytes).toBe(0);
  expect(isListed(name)).toBe(false);
});

function lose(pool: BufferPool<SharedSegment>): string {
  return pool.take(1000).memory.name;
}

test('the header says whose segment it is', async () => {
  const owner = await startOwner();
  const { name = '', generation = 0 } = owner.references[SECOND] ?? {};
  const attached = attachments().attach({ name, generation });
  const { namespace, pid, startTicks } = attached.owner;
  expect(name.startsWith(`openclaw-${namespace}.${pid}.${startTicks}-`)).toBe(true);
  expect(pid).not.toBe(process.pid);
});

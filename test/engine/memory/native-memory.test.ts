import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { onTestFinished, describe, expect, test } from 'vitest';
import { codeOf, UserError } from '../../../engine/base/errors.ts';
import {
  allocatePages,
  createSharedMemory,
  openSharedMemory,
  sharedMappingOf,
  unlinkSharedMemory,
} from '../../../engine/memory/native-memory.ts';
import { canMount } from '../../support/mount.ts';

let names = 0;

/** A name that is free, and freed when the test ends. */
function freeName(): string {
  const name = `claw-test-${process.pid}-${(names += 1)}`;
  onTestFinished(() => unlinkSharedMemory(name));
  return name;
}

function thrownBy(act: () => unknown): UserError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** Runs statements that have the module as `memory` in a process of its own; gives its output. */
function inProcess(statements: string, shellPrefix = '', wrapper: string[] = []): string {
  const module = new URL('../../../engine/memory/native-memory.ts', import.meta.url).href;
  const program = `import * as memory from '${module}'; ${statements}`;
  const script = `${shellPrefix} exec "$0" --input-type=module --eval "$1"`;
  const [command, ...rest] = [...wrapper, 'sh', '-c', script, process.execPath, program];
  return execFileSync(command, rest, { encoding: 'utf8' });
}

describe('shared memory', () => {
  test('is zeroed, and what one mapping writes the other reads', () => {
    const name = freeName();
    const created = createSharedMemory(name, 10_000);
    const opened = openSharedMemory(name);
    expect(opened.sizeBytes).toBe(10_000);
    expect(opened.id).toBe(created.id);
    expect(new Uint8Array(opened.buffer).every((byte) => byte === 0)).toBe(true);
    new Float32Array(created.buffer)[2499] = 1.5;
    expect(new Float32Array(opened.buffer)[2499]).toBe(1.5);
    created.close();
    expect(new Float32Array(opened.buffer)[2499]).toBe(1.5);
    opened.close();
  });

  test('is written by another process', () => {
    const name = freeName();
    const mapping = createSharedMemory(name, 64);
    inProcess(`new Uint8Array(memory.openSharedMemory('${name}').buffer)[63] = 200;`);
    expect(new Uint8Array(mapping.buffer)[63]).toBe(200);
    mapping.close();
  });

  test('belongs to its owner alone, and is allocated whole', () => {
    const name = freeName();
    createSharedMemory(name, 1 << 20).close();
    const { mode, blocks } = statSync(`/dev/shm/${name}`);
    expect(mode & 0o777).toBe(0o600);
    expect(blocks * 512).toBe(1 << 20);
  });

  test('stays mapped after its name is gone, which may go twice', () => {
    const name = freeName();
    const mapping = createSharedMemory(name, 4096);
    unlinkSharedMemory(name);
    unlinkSharedMemory(name);
    expect(existsSync(`/dev/shm/${name}`)).toBe(false);
    new Uint8Array(mapping.buffer)[0] = 1;
    expect(new Uint8Array(mapping.buffer)[0]).toBe(1);
    mapping.close();
  });

  test('tells apart two that had the same name', () => {
    const name = freeName();
    const first = createSharedMemory(name, 16);
    unlinkSharedMemory(name);
    const second = createSharedMemory(name, 16);
    expect(second.id).not.toBe(first.id);
    first.close();
    second.close();
  });

  test('is found by its buffer, and only by that', () => {
    const mapping = createSharedMemory(freeName(), 16);
    expect(sharedMappingOf(mapping.buffer)).toBe(mapping);
    expect(sharedMappingOf(new ArrayBuffer(16))).toBe(null);
    mapping.close();
  });

  test('is out of reach once it is closed, however often', () => {
    const mapping = createSharedMemory(freeName(), 4096);
    const view = new Uint8Array(mapping.buffer);
    mapping.close();
    mapping.close();
    expect(view.length).toBe(0);
    expect(view[0]).toBe(undefined);
    expect(() => new Uint8Array(mapping.buffer)).toThrow(TypeError);
  });

  test('names are taken once', () => {
    const name = freeName();
    createSharedMemory(name, 16).close();
    const error = thrownBy(() => createSharedMemory(name, 16));
    expect(codeOf(error)).toBe('EEXIST');
    expect(error.message).toBe(
      `cannot open shared memory /dev/shm/${name}: file already exists (EEXIST)`,
    );
    openSharedMemory(name).close();
  });

  test('says when there is none of that name', () => {
    const error = thrownBy(() => openSharedMemory('claw-test-absent'));
    expect(codeOf(error)).toBe('ENOENT');
    expect(error.message).toContain('/dev/shm/claw-test-absent');
  });

  test('is not opened where it is empty', () => {
    const name = freeName();
    writeFileSync(`/dev/shm/${name}`, '');
    expect(thrownBy(() => openSharedMemory(name)).message).toContain('positive');
  });

  test.each(['', 'a/b', '../x', '.hidden', 'a\0b', 'x'.repeat(251)])(
    'refuses the name %j',
    (name) => {
      expect(thrownBy(() => createSharedMemory(name, 16)).message).toMatch(/cannot be named/);
    },
  );

  test.each([0, -1, 1.5, Number.NaN, 2 ** 60])('refuses the size %d and leaves no name', (size) => {
    const name = freeName();
    expect(thrownBy(() => createSharedMemory(name, size)).message).toContain(name);
    expect(existsSync(`/dev/shm/${name}`)).toBe(false);
  });

  test('leaves no descriptor open', () => {
    const name = freeName();
    const before = readdirSync('/proc/self/fd').length;
    const created = createSharedMemory(name, 16);
    const opened = openSharedMemory(name);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
    created.close();
    opened.close();
  });

  // In a mount namespace of its own: everybody else keeps the /dev/shm that they use.
  test.runIf(canMount())('says how to make a full /dev/shm larger, and leaves no name', () => {
    const output = inProcess(
      `import { readdirSync } from 'node:fs';
       try { memory.createSharedMemory('large', 1 << 20); } catch (thrown) {
         const { code, message, remedy } = thrown;
         process.stdout.write(JSON.stringify({ code, message, remedy, left: readdirSync('/dev/shm') }));
       }`,
      'mount -t tmpfs -o size=64k tmpfs /dev/shm;',
      ['unshare', '--mount'],
    );
    expect(JSON.parse(output)).toEqual({
      code: 'ENOSPC',
      message: expect.stringContaining('cannot reserve 1 MiB') as string,
      remedy: expect.stringContaining('--shm-size') as string,
      left: [],
    });
  });
});

describe('pages', () => {
  test('are zeroed and aligned, and out of reach once closed', () => {
    const pages = allocatePages(10_000);
    expect(pages.sizeBytes).toBe(10_000);
    expect(new Uint8Array(pages.buffer).every((byte) => byte === 0)).toBe(true);
    pages.close();
    pages.close();
    expect(() => new Uint8Array(pages.buffer)).toThrow(TypeError);
    expect(pages.lock()).toEqual({ state: 'refused', reason: 'the pages are closed' });
    pages.unlock();
  });

  test('are locked in memory until they are unlocked or closed', () => {
    const before = lockedKiB();
    const pages = allocatePages(64 * 1024);
    const other = allocatePages(32 * 1024);
    expect(pages.lock()).toEqual({ state: 'locked' });
    expect(other.lock()).toEqual({ state: 'locked' });
    expect(lockedKiB() - before).toBe(96);
    pages.unlock();
    expect(lockedKiB() - before).toBe(32);
    other.close();
    pages.close();
    expect(lockedKiB()).toBe(before);
  });

  test('are no less usable where the limit refuses to lock them, and the reason names the remedy', () => {
    const output = inProcess(
      // The library is loaded first: another user may not read this folder.
      `const pages = memory.allocatePages(65536);
       if (process.getuid() === 0) process.setuid(65534);
       const lock = pages.lock();
       new Uint8Array(pages.buffer)[65535] = 1;
       process.stdout.write(JSON.stringify(lock));`,
      'ulimit -l 4;',
    );
    const lock: unknown = JSON.parse(output);
    expect(lock).toEqual({
      state: 'refused',
      reason: expect.stringMatching(
        /^cannot lock 64 KiB of memory: .*\(ENOMEM\); .*ulimit -l/,
      ) as string,
    });
  });

  test('that no machine has are refused', () => {
    const error = thrownBy(() => allocatePages(2 ** 46 * 8));
    expect(codeOf(error)).toBe('ENOMEM');
    expect(error.remedy).toContain('free some memory');
  });
});

function lockedKiB(): number {
  const found = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(found);
}

test('elsewhere than on Linux, it says which isolation works instead', () => {
  const output = inProcess(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     try { memory.allocatePages(1); } catch (thrown) {
       process.stdout.write(thrown.name + ': ' + thrown.message + '; ' + thrown.remedy);
     }`,
  );
  expect(output).toMatch(/^UserError: .*needs Linux, not darwin .*isolation 'thread'/);
});

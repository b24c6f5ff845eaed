import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSharedFile, type SharedFile } from '../../../engine/memory/shared-file.ts';

function open(): SharedFile {
  const file = createSharedFile('claw-test');
  onTestFinished(() => file.close());
  return file;
}

describe('shared file', () => {
  test('starts empty, grows zeroed and never shrinks', () => {
    const file = open();
    expect(file.sizeBytes()).toBe(0);
    expect(() => file.map()).toThrow(/positive/);
    file.grow(8192);
    file.grow(100);
    expect(file.sizeBytes()).toBe(8192);
    const mapping = file.map();
    expect(mapping.sizeBytes).toBe(8192);
    expect(new Uint8Array(mapping.buffer).every((byte) => byte === 0)).toBe(true);
    mapping.close();
  });

  test('is the same memory in mappings of different lengths', () => {
    const file = open();
    file.grow(4096);
    const shorter = file.map();
    file.grow(8192);
    const longer = file.map();
    new Uint8Array(longer.buffer)[4095] = 9;
    expect(new Uint8Array(shorter.buffer)[4095]).toBe(9);
    shorter.close();
    file.close();
    expect(new Uint8Array(longer.buffer)[4095]).toBe(9);
    longer.close();
  });

  test('is written and grown by a child that inherits its descriptor', () => {
    const file = open();
    file.grow(4096);
    const module = new URL('../../../engine/memory/shared-file.ts', import.meta.url).href;
    const program = `import { adoptSharedFile } from '${module}';
      const file = adoptSharedFile(3, 'test');
      file.grow(8192);
      new Uint8Array(file.map().buffer).fill(7);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'inherit', 'inherit', file.fd],
    });
    expect(child.status).toBe(0);
    expect(file.sizeBytes()).toBe(8192);
    const mapping = file.map();
    expect(new Uint8Array(mapping.buffer).every((byte) => byte === 7)).toBe(true);
    mapping.close();
  });

  test('is not inherited by programs that it is not given to', () => {
    const file = open();
    const child = spawnSync('ls', [`/proc/self/fd`], { encoding: 'utf8' });
    expect(child.stdout.split('\n')).not.toContain(String(file.fd));
  });

  test('leaves no descriptor and no name, and closes twice', () => {
    const before = readdirSync('/proc/self/fd').length;
    const file = createSharedFile('claw-test');
    file.grow(4096);
    expect(readdirSync('/proc/self/fd').length).toBe(before + 1);
    expect(existsSync('/dev/shm/claw-test')).toBe(false);
    file.close();
    file.close();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** A disk in memory at a folder until the test ends, such as a small one that fills up. */
export function mount(folder: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
}

export function canMount(): boolean {
  try {
    execFileSync('mount', ['--fake', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

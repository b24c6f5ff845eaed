import type { CommandResult, PowerContext } from '../../hosts/power/power-sensor.ts';
import { fakeFiles, type FakeFile, type FakeFiles } from './fake-files.ts';
import { steppedClock, type SteppedClock } from './power-clock.ts';

export interface FakePowerContext extends PowerContext {
  readonly files: FakeFiles;
  readonly clock: SteppedClock;
  /** What each command answers, by the whole line or else by its name; others are absent. */
  readonly answers: Map<string, CommandResult>;
  /** The lines that were run. */
  readonly lines: string[];
}

/** A machine with these files, no commands and no network. */
export function fakePowerContext(
  files: Readonly<Record<string, FakeFile>> = {},
  overrides: Partial<Pick<PowerContext, 'fetch' | 'platform'>> = {},
): FakePowerContext {
  const answers = new Map<string, CommandResult>();
  const lines: string[] = [];
  return {
    files: fakeFiles(files),
    clock: steppedClock(),
    answers,
    lines,
    run: async (command, args, { signal }) => {
      const line = [command, ...args].join(' ');
      lines.push(line);
      if (signal?.aborted === true) return { state: 'aborted' };
      return answers.get(line) ?? answers.get(command) ?? { state: 'absent' };
    },
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    platform: 'linux',
    ...overrides,
  };
}

export function printed(stdout: string): CommandResult {
  return { state: 'ended', exitCode: 0, stdout, stderr: '' };
}

export function exited(exitCode: number, stdout: string): CommandResult {
  return { state: 'ended', exitCode, stdout, stderr: '' };
}

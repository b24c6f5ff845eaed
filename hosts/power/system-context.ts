import { execFile, type ExecFileException } from 'node:child_process';
import { systemClock } from '../../engine/base/clock.ts';
import { messageOf } from '../../engine/base/errors.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import type { CommandResult, PowerContext } from './power-sensor.ts';

/** What a sensor's command may print: nvidia-smi writes some 20 bytes for each card. */
const MOST_OUTPUT_BYTES = 1024 * 1024;

/** This machine. */
export function systemPowerContext(): PowerContext {
  return {
    files: systemFiles(),
    clock: systemClock,
    run: runCommand,
    fetch: (url, options) => fetch(url, options),
    platform: process.platform,
  };
}

const runCommand: PowerContext['run'] = (command, args, { timeoutMs, signal }) =>
  new Promise((resolve) => {
    const options = {
      timeout: timeoutMs,
      // A driver's tool that hangs does not listen to anything milder.
      killSignal: 'SIGKILL' as const,
      maxBuffer: MOST_OUTPUT_BYTES,
      // Numbers with a point, messages in English.
      env: { ...process.env, LC_ALL: 'C' },
      ...(signal === undefined ? {} : { signal }),
    };
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve(
        error === null
          ? { state: 'ended', exitCode: 0, stdout, stderr }
          : toResult(error, stdout, stderr),
      ),
    );
  });

function toResult(error: ExecFileException, stdout: string, stderr: string): CommandResult {
  if (error.name === 'AbortError') return { state: 'aborted' };
  if (typeof error.code === 'number')
    return { state: 'ended', exitCode: error.code, stdout, stderr };
  if (error.code === 'ENOENT') return { state: 'absent' };
  // Killed without a code of its own: that was the timeout.
  return error.killed === true && (error.code ?? null) === null
    ? { state: 'timeout' }
    : { state: 'failed', reason: messageOf(error) };
}

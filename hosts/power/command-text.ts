import { unreachable } from '../../engine/base/errors.ts';
import { unavailable } from './open-sensor.ts';
import type { CommandResult, UnavailableReading } from './power-sensor.ts';

/** What a command printed, or in words why there is nothing. */
export function commandText(
  command: string,
  result: CommandResult,
): { readonly state: 'text'; readonly text: string } | UnavailableReading {
  switch (result.state) {
    case 'ended':
      return result.exitCode === 0
        ? { state: 'text', text: result.stdout }
        : unavailable(`${command} ended with ${result.exitCode}${firstLine(result)}`);
    case 'absent':
      return unavailable(`there is no command ${command}`);
    case 'timeout':
      return unavailable(`${command} did not answer in time`);
    case 'aborted':
      return unavailable(`${command} was stopped`);
    case 'failed':
      return unavailable(`${command} failed: ${result.reason}`);
    default:
      return unreachable(result);
  }
}

/** nvidia-smi complains on its standard output, others on the standard error. */
function firstLine({ stdout, stderr }: { stdout: string; stderr: string }): string {
  const line = `${stderr}\n${stdout}`.split('\n').find((one) => one.trim() !== '');
  return line === undefined ? '' : `: ${line.trim().slice(0, 200)}`;
}

import { describe, expect, it } from 'vitest';
import { discoverSensors } from '../../../hosts/power/discover-sensors.ts';
import { systemPowerContext } from '../../../hosts/power/system-context.ts';

const NODE = process.execPath;
const context = systemPowerContext();

describe('systemPowerContext', () => {
  it('runs a command to its end', async () => {
    const program = 'console.log(1); console.error(2); process.exitCode = 3';
    expect(await context.run(NODE, ['-e', program], { timeoutMs: 20_000 })).toEqual({
      state: 'ended',
      exitCode: 3,
      stdout: '1\n',
      stderr: '2\n',
    });
  });
  it('says that there is no such command', async () => {
    expect(await context.run('no-such-command-at-all', [], { timeoutMs: 1000 })).toEqual({
      state: 'absent',
    });
  });
  it('ends a command that hangs, and one that is no longer wanted', async () => {
    const args = ['-e', 'setInterval(() => {}, 1000)'];
    expect(await context.run(NODE, args, { timeoutMs: 100 })).toEqual({ state: 'timeout' });
    const signal = AbortSignal.timeout(50);
    expect(await context.run(NODE, args, { timeoutMs: 20_000, signal })).toEqual({
      state: 'aborted',
    });
  });
  it('reads this machine, whichever sensors it has', async () => {
    const found = await discoverSensors(context, { meters: [] });
    const kinds = [...found.sensors, ...found.unavailable].map(({ kind }) => kind);
    const known = ['rapl', 'hwmon', 'jetson', 'nvidia', 'raspberry-pi-5', 'battery', 'estimate'];
    expect(kinds).toEqual(expect.arrayContaining(known));
  });
});

import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../engine/base/clock.ts';
import { waitUntilQuiet } from '../../../hosts/profile/quiet.ts';
import { fakeFiles, type FakeFiles } from '../../support/fake-files.ts';
import { bareMetalIntel, pressure } from './machines.ts';

interface Loads {
  /** Microseconds of pressure on cores in each window of 200 ms, the last one for ever. */
  readonly cpuUs?: readonly number[];
  readonly memoryUs?: readonly number[];
  readonly ioUs?: readonly number[];
  /** Busy ticks of 40 in each window. */
  readonly busyTicks?: readonly number[];
  readonly celsius?: readonly number[];
}

/** A machine whose counters go on while the clock sleeps. */
function machine(files: FakeFiles, loads: Loads): Clock {
  let now = 5000;
  let sleeps = 0;
  const totals = { cpuUs: 1e9, memoryUs: 0, ioUs: 0, busyTicks: 1000 };
  const at = (values: readonly number[] | undefined): number =>
    values?.[Math.min(sleeps, values.length - 1)] ?? 0;
  return {
    nowMs: () => now,
    date: () => new Date(now),
    sleep: (ms, signal) => {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      now += ms;
      totals.cpuUs += at(loads.cpuUs);
      totals.memoryUs += at(loads.memoryUs);
      totals.ioUs += at(loads.ioUs);
      totals.busyTicks += at(loads.busyTicks);
      if (loads.cpuUs !== undefined) {
        files.set('/proc/pressure/cpu', pressure(totals.cpuUs, 0));
        files.set('/proc/pressure/memory', pressure(40 + totals.memoryUs, 30));
        files.set('/proc/pressure/io', pressure(32_391_154 + totals.ioUs, 20_104_972));
      }
      const idle = 9000 + (sleeps + 1) * 40 - (totals.busyTicks - 1000);
      files.set('/proc/stat', `cpu  ${totals.busyTicks} 0 0 ${idle} 0 0 0 0 0 0\n`);
      const celsius = at(loads.celsius);
      if (celsius > 0) files.set('/sys/class/hwmon/hwmon3/temp1_input', `${celsius * 1000}\n`);
      sleeps += 1;
      return Promise.resolve();
    },
  };
}

/** With PSI: starts at the totals that `machine` counts on from. */
function withPressure(): FakeFiles {
  return bareMetalIntel({
    '/proc/pressure/cpu': pressure(1e9, 0),
    '/proc/stat': 'cpu  1000 0 0 9000 0 0 0 0 0 0\n',
  });
}

function withoutPressure(): FakeFiles {
  return fakeFiles({ '/proc/stat': 'cpu  1000 0 0 9000 0 0 0 0 0 0\n' });
}

describe('waitUntilQuiet', () => {
  it('takes one window where nothing runs', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [1000] });
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 5000 })).toEqual({
      state: 'quiet',
      waitedMs: 200,
    });
  });

  it('waits until the load ends, and not longer, as averages would have it', async () => {
    const files = withPressure();
    // 15 %, 10.5 %, then 4.5 % of 200 ms.
    const clock = machine(files, { cpuUs: [30_000, 21_000, 9000] });
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 5000 })).toEqual({
      state: 'quiet',
      waitedMs: 600,
    });
  });

  it('gives up before the bound, and says what runs', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [30_000] });
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 1100 })).toEqual({
      state: 'busy',
      waitedMs: 1000,
      reason: 'tasks waited for a core 15 % of the time, more than 5 %',
    });
  });

  it('looks at one window even where it may not wait', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [0] });
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 0 })).toMatchObject({ state: 'quiet' });
  });

  it.each([
    [{ cpuUs: [0], memoryUs: [2200] }, 'tasks waited for memory 1.1 % of the time, more than 1 %'],
    [{ cpuUs: [0], ioUs: [4000] }, 'tasks waited for a disk 2 % of the time, more than 1 %'],
  ])('is stricter with memory and disks: %j', async (loads, reason) => {
    const files = withPressure();
    const clock = machine(files, loads);
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 400 })).toMatchObject({
      state: 'busy',
      reason,
    });
  });

  it('without PSI goes by the busy share of the cores', async () => {
    const files = withoutPressure();
    // 20 of 40 ticks, then 2 of 40.
    const clock = machine(files, { busyTicks: [20, 2] });
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 5000 })).toEqual({
      state: 'quiet',
      waitedMs: 400,
    });
  });

  it('sees one busy core among idle ones only where it is asked to', async () => {
    const busy = { cpuUs: [0], busyTicks: [20] };
    const files = withPressure();
    const lax = await waitUntilQuiet({ files, clock: machine(files, busy), maxWaitMs: 200 });
    expect(lax.state).toBe('quiet');
    const again = withPressure();
    const clock = machine(again, busy);
    expect(
      await waitUntilQuiet({ files: again, clock, maxWaitMs: 200, maxBusyShare: 0.1 }),
    ).toMatchObject({ reason: 'the cores were busy 50 % of the time, more than 10 %' });
  });

  it('waits until it is as cool as at the start', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [0], celsius: [70, 66, 61] });
    const options = { files, clock, maxWaitMs: 5000, referenceCelsius: 60 };
    expect(await waitUntilQuiet(options)).toEqual({ state: 'quiet', waitedMs: 600 });
  });

  it('says that it is too hot', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [0], celsius: [70] });
    const options = { files, clock, maxWaitMs: 200, referenceCelsius: 60 };
    expect(await waitUntilQuiet(options)).toMatchObject({
      state: 'busy',
      reason: 'coretemp Package id 0 is at 70 °C, above the 60 °C of the start',
    });
  });

  it('does not wait for a temperature that nobody tells', async () => {
    const files = withoutPressure();
    const clock = machine(files, { busyTicks: [0] });
    const options = { files, clock, maxWaitMs: 5000, referenceCelsius: 60 };
    expect(await waitUntilQuiet(options)).toMatchObject({ state: 'quiet', waitedMs: 200 });
  });

  it('does not claim quiet where the system tells nothing', async () => {
    const files = fakeFiles({});
    const clock: Clock = {
      nowMs: () => 0,
      date: () => new Date(0),
      sleep: () => Promise.resolve(),
    };
    expect(await waitUntilQuiet({ files, clock, maxWaitMs: 5000 })).toMatchObject({
      state: 'unavailable',
      reason: 'the system has no /proc',
    });
  });

  it('ends when it is aborted', async () => {
    const files = withPressure();
    const clock = machine(files, { cpuUs: [30_000] });
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(waitUntilQuiet({ files, clock, signal, maxWaitMs: 5000 })).rejects.toThrow(
      'stopped',
    );
  });
});

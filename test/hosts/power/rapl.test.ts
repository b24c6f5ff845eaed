import { describe, expect, it } from 'vitest';
import { findRapl } from '../../../hosts/power/rapl.ts';
import type { FakeFile } from '../../support/fake-files.ts';
import { fakePowerContext } from '../../support/power-context.ts';

const ROOT = '/sys/class/powercap';

describe('findRapl', () => {
  it('takes the tops and the memory, not the cores that a package contains', () => {
    const laptop = machine({
      'intel-rapl:0': 'package-0',
      'intel-rapl:0:0': 'core',
      'intel-rapl:0:1': 'uncore',
      'intel-rapl:0:2': 'dram',
      'intel-rapl:1': 'psys',
    });
    expect(found(laptop)).toEqual([
      ['rapl:package-0', 'package'],
      ['rapl:package-0/dram', 'memory'],
      ['rapl:psys', 'board'],
    ]);
  });
  it('tells the sockets of a server apart', () => {
    const server = machine({
      'intel-rapl:0': 'package-0',
      'intel-rapl:0:0': 'dram',
      'intel-rapl:1': 'package-1',
      'intel-rapl:1:0': 'dram',
    });
    expect(found(server).map(([id]) => id)).toEqual([
      'rapl:package-0',
      'rapl:package-0/dram',
      'rapl:package-1',
      'rapl:package-1/dram',
    ]);
  });
  it('counts a package once that MMIO shows again, and takes MMIO where it is alone', () => {
    const both = machine({ 'intel-rapl:0': 'package-0', 'intel-rapl-mmio:0': 'package-0' });
    expect(found(both)).toEqual([['rapl:package-0', 'package']]);
    expect(found(machine({ 'intel-rapl-mmio:0': 'package-0' }))).toHaveLength(1);
  });
  it('offers no package where one of two refuses', () => {
    const files = machine({ 'intel-rapl:0': 'package-0', 'intel-rapl:1': 'package-1' });
    files[`${ROOT}/intel-rapl:1/energy_uj`] = { state: 'refused' };
    const { sensors, unavailable } = findRapl(fakePowerContext(files));
    expect(sensors).toEqual([]);
    expect(unavailable[0]?.reason).toMatch(/intel-rapl:1\/energy_uj may be read by root only/);
  });
  it('says that there is nothing', () => {
    expect(findRapl(fakePowerContext()).unavailable).toEqual([
      { kind: 'rapl', reason: '/sys/class/powercap has no intel-rapl zone' },
    ]);
  });
  it('marks a reset, for instance after a sleep', async () => {
    const context = fakePowerContext(machine({ 'intel-rapl:0': 'package-0' }));
    const [sensor] = findRapl(context).sensors;
    await sensor?.read();
    await context.clock.advance(100);
    context.files.set(`${ROOT}/intel-rapl:0/energy_uj`, '0\n');
    expect(await sensor?.read()).toEqual({
      state: 'energy',
      atMs: 100,
      joules: 0,
      restarted: true,
    });
  });
});

/** Zones by folder, each at 30 000 J of the usual range. */
function machine(zones: Readonly<Record<string, string>>): Record<string, FakeFile> {
  const files = Object.entries(zones).flatMap(([folder, name]) => [
    [`${ROOT}/${folder}/name`, `${name}\n`],
    [`${ROOT}/${folder}/energy_uj`, '30000000000\n'],
    [`${ROOT}/${folder}/max_energy_range_uj`, '262143328850\n'],
  ]);
  return Object.fromEntries(files) as Record<string, FakeFile>;
}

function found(files: Readonly<Record<string, FakeFile>>): readonly (readonly string[])[] {
  return findRapl(fakePowerContext(files)).sensors.map(({ id, scope }) => [id, scope]);
}

import { arch, cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeCpu } from '../../../engine/devices/cpu.ts';
import {
  appleCpuInfo,
  gravitonCpuInfo,
  raspberryCpuInfo,
  xeonCpuInfo,
} from '../../support/cpu-info.ts';
import { fakeFiles } from '../../support/fake-files.ts';

function describeFrom(info: string): ReturnType<typeof describeCpu> {
  return describeCpu(fakeFiles({ '/proc/cpuinfo': info }));
}

describe('describeCpu', () => {
  it('reads an x86 machine: sorted, only what kernels choose by, nothing of "vmx flags"', () => {
    expect(describeFrom(xeonCpuInfo(4))).toEqual({
      model: 'Intel(R) Xeon(R) Platinum 8488C',
      architecture: arch(),
      isa: [
        'amx_bf16',
        'amx_int8',
        'amx_tile',
        'avx',
        'avx2',
        'avx512_vnni',
        'avx512bw',
        'avx512f',
        'f16c',
        'fma',
        'sse4_1',
        'sse4_2',
      ],
      cores: 4,
    });
  });

  it('reads a Graviton, which names no model', () => {
    expect(describeFrom(gravitonCpuInfo(64))).toMatchObject({
      model: 'ARM implementer 0x41 part 0xd40',
      isa: ['asimd', 'asimddp', 'asimdhp', 'bf16', 'i8mm', 'sve'],
      cores: 64,
    });
  });

  it('names an Apple processor under Linux by its first core', () => {
    expect(describeFrom(appleCpuInfo())).toMatchObject({
      model: 'ARM implementer 0x61 part 0x022',
      isa: ['asimd', 'asimddp', 'asimdhp'],
      cores: 8,
    });
  });

  it('reads a Raspberry Pi with a 32-bit kernel', () => {
    expect(describeFrom(raspberryCpuInfo())).toMatchObject({
      model: 'ARMv7 Processor rev 3 (v7l)',
      isa: [],
      cores: 4,
    });
  });

  it('does not take the next line for an empty field', () => {
    expect(describeFrom('processor\t: 0\nmodel name\t:\nCPU part\t: 0xd0c\n').model).toBe(
      'ARM implementer ? part 0xd0c',
    );
  });

  it('lists an instruction set once', () => {
    expect(describeFrom('processor\t: 0\nflags\t\t: fma avx2 fma avx2\n').isa).toEqual([
      'avx2',
      'fma',
    ]);
  });

  it('asks Node where there is no /proc, as on macOS', () => {
    expect(describeCpu(fakeFiles({}))).toEqual({
      model: cpus()[0]?.model ?? 'unknown',
      architecture: arch(),
      isa: [],
      cores: Math.max(1, cpus().length),
    });
  });
});

import { describe, expect, test } from 'vitest';
import { describeCpu } from '../../../engine/devices/cpu.ts';
import { integerKernels } from '../../../engine/devices/integer-kernels.ts';
import { gravitonCpuInfo, raspberryCpuInfo, xeonCpuInfo } from '../../support/cpu-info.ts';
import { fakeFiles } from '../../support/fake-files.ts';

function isaOf(info: string): readonly string[] {
  return describeCpu(fakeFiles({ '/proc/cpuinfo': info })).isa;
}

describe('the form of integer kernels', () => {
  test.each([
    ['AVX-512 VNNI', ['avx2', 'avx512_vnni', 'avx512f']],
    ['AVX VNNI, as clients have it', ['avx2', 'avx_vnni']],
    ['AMX', ['amx_int8', 'avx2']],
    ['a Xeon of 2023, by its own description', isaOf(xeonCpuInfo(2))],
  ])('x64 with %s adds in 32 bits: whole int8 weights', (_, isa) => {
    expect(integerKernels({ architecture: 'x64', isa })).toEqual({
      activations: 'uint8',
      weightBits: 8,
    });
  });

  test.each([
    ['AVX2 alone', ['avx', 'avx2', 'fma']],
    ['AVX-512 alone', ['avx2', 'avx512bw', 'avx512f']],
    ['AMX for bfloat16 alone', ['amx_bf16', 'amx_tile', 'avx2']],
    ['nothing known', []],
  ])('x64 with %s adds in 16 bits, which saturate: weights of 7 bits', (_, isa) => {
    expect(integerKernels({ architecture: 'x64', isa })).toEqual({
      activations: 'uint8',
      weightBits: 7,
    });
  });

  test.each([
    ['with dot products', isaOf(gravitonCpuInfo(4))],
    ['without them', isaOf(raspberryCpuInfo())],
  ])('ARM %s multiplies int8 by int8 in 32 bits', (_, isa) => {
    expect(isa.includes('asimddp')).toBe(isa.includes('sve'));
    expect(integerKernels({ architecture: 'arm64', isa })).toEqual({
      activations: 'int8',
      weightBits: 8,
    });
  });
});

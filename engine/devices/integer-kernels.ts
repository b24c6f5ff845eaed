import type { CpuDescription } from './cpu.ts';

/** In which form a CPU multiplies 8-bit integers best. */
export interface IntegerKernels {
  readonly activations: 'uint8' | 'int8';
  /**
   * 7 where two products of a uint8 and an int8 are added in 16 bits (pmaddubsw),
   * which saturates: x64 without VNNI.
   */
  readonly weightBits: 8 | 7;
}

/** Any of these adds products in 32 bits. */
const DOT_PRODUCTS = ['avx512_vnni', 'avx_vnni', 'amx_int8'] as const;

export function integerKernels({
  architecture,
  isa,
}: Pick<CpuDescription, 'architecture' | 'isa'>): IntegerKernels {
  if (architecture === 'arm64') return { activations: 'int8', weightBits: 8 };
  const hasDotProduct = DOT_PRODUCTS.some((name) => isa.includes(name));
  return { activations: 'uint8', weightBits: hasDotProduct ? 8 : 7 };
}

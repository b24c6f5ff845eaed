/**
 * /proc/cpuinfo as kernels write it, shortened: Linux 6.1 on an Intel Xeon
 * Platinum 8488C (Sapphire Rapids), flags cut to those that show the choice.
 */
export function xeonCpuInfo(
  cores: number,
  values: { readonly mhz?: string; readonly bogomips?: string; readonly model?: string } = {},
): string {
  return processors(cores, (index) => [
    `processor\t: ${index}`,
    'vendor_id\t: GenuineIntel',
    'cpu family\t: 6',
    'model\t\t: 143',
    `model name\t: ${values.model ?? 'Intel(R) Xeon(R) Platinum 8488C'}`,
    'stepping\t: 8',
    `cpu MHz\t\t: ${values.mhz ?? '2400.000'}`,
    'cache size\t: 107520 KB',
    'flags\t\t: fpu vme sse4_1 sse4_2 avx f16c fma avx2 avx512f avx512bw avx512_vnni amx_tile amx_int8 amx_bf16',
    'vmx flags\t: vnmi preemption_timer avx_vnni',
    'bugs\t\t: spectre_v1 spectre_v2',
    `bogomips\t: ${values.bogomips ?? '4800.00'}`,
    'address sizes\t: 46 bits physical, 48 bits virtual',
  ]);
}

/** AWS Graviton3 (Neoverse V1), Linux 6.1: no model name. */
export function gravitonCpuInfo(cores: number): string {
  return processors(cores, (index) => [
    `processor\t: ${index}`,
    'BogoMIPS\t: 2100.00',
    'Features\t: fp asimd evtstrm aes fphp asimdhp asimddp sve asimdfhm i8mm bf16 dgh rng',
    'CPU implementer\t: 0x41',
    'CPU architecture: 8',
    'CPU variant\t: 0x1',
    'CPU part\t: 0xd40',
    'CPU revision\t: 1',
  ]);
}

/** Apple M1 under Asahi Linux: two kinds of cores. */
export function appleCpuInfo(): string {
  return processors(8, (index) => [
    `processor\t: ${index}`,
    'BogoMIPS\t: 48.00',
    'Features\t: fp asimd evtstrm aes fphp asimdhp asimddp asimdfhm',
    'CPU implementer\t: 0x61',
    'CPU architecture: 8',
    'CPU variant\t: 0x1',
    `CPU part\t: ${index < 4 ? '0x022' : '0x023'}`,
    'CPU revision\t: 1',
  ]);
}

/** Raspberry Pi 4 with a 32-bit kernel: a model name, and the board below. */
export function raspberryCpuInfo(): string {
  const cores = processors(4, (index) => [
    `processor\t: ${index}`,
    'model name\t: ARMv7 Processor rev 3 (v7l)',
    'BogoMIPS\t: 126.00',
    'Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32',
    'CPU implementer\t: 0x41',
    'CPU architecture: 7',
    'CPU variant\t: 0x0',
    'CPU part\t: 0xd08',
    'CPU revision\t: 3',
  ]);
  return `${cores}Hardware\t: BCM2711\nRevision\t: c03114\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n`;
}

function processors(count: number, lines: (index: number) => readonly string[]): string {
  return Array.from({ length: count }, (_, index) => `${lines(index).join('\n')}\n\n`).join('');
}

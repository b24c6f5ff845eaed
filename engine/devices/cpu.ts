import { arch, cpus } from 'node:os';
import type { SystemFiles } from './system-files.ts';

export interface CpuDescription {
  readonly model: string;
  readonly architecture: string;
  /** Instruction sets that inference kernels choose by, sorted, in the kernel's spelling. */
  readonly isa: readonly string[];
  /** Logical cores of the machine, whether usable by us or not. */
  readonly cores: number;
}

/** Flags that the runtime's kernels ask for, x86 and ARM; the other hundred do not matter. */
const RELEVANT_FLAGS: ReadonlySet<string> = new Set(
  [
    'sse4_1 sse4_2 avx f16c fma avx2 avx_vnni avx512f avx512bw avx512dq avx512vl avx512_vnni',
    'avx512_bf16 avx512_fp16 amx_tile amx_int8 amx_bf16',
    'asimd asimdhp asimddp i8mm bf16 sve sve2 svei8mm svebf16 sme',
  ].flatMap((line) => line.split(' ')),
);

/** What the CPU is, from /proc/cpuinfo, else from Node. */
export function describeCpu(files: SystemFiles): CpuDescription {
  const info = files.read('/proc/cpuinfo') ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*:[ \\t]*(\\S.*)$`, 'm').exec(info)?.[1]?.trim();
  const flags = (field('flags') ?? field('Features') ?? '').split(/\s+/);
  const listed = info.match(/^processor\s*:/gm)?.length;
  return {
    model: field('model name') ?? armModel(field) ?? cpus()[0]?.model ?? 'unknown',
    architecture: arch(),
    isa: [...new Set(flags)].filter((flag) => RELEVANT_FLAGS.has(flag)).sort(),
    cores: listed ?? Math.max(1, cpus().length),
  };
}

/** ARM kernels name the part by numbers only. */
function armModel(field: (name: string) => string | undefined): string | undefined {
  const part = field('CPU part');
  return part === undefined
    ? undefined
    : `ARM implementer ${field('CPU implementer') ?? '?'} part ${part}`;
}

import { z } from 'zod';
import { parseAs } from '../../base/json.ts';

/** A kernel that ran, as the runtime's profile tells of it. */
export interface KernelEvent {
  /** The node's name. */
  readonly node: string;
  readonly operator: string;
  /** Of each output that is a tensor and was wanted. */
  readonly outputs: readonly { readonly type: string; readonly dims: readonly number[] }[];
  /** The arena's own figures; null where the runtime's build does not tell. */
  readonly arena: ArenaFigures | null;
}

/** Bytes, when the kernel had run and its inputs were still there. */
interface ArenaFigures {
  /** Handed out, weights that were put there included. */
  readonly inUseBytes: number;
  /** What this kernel added to that. */
  readonly addedBytes: number;
  /** The most so far, what kernels used for themselves meanwhile included. */
  readonly peakBytes: number;
  /** Asked of the system. */
  readonly heldBytes: number;
}

/** Numbers are written as texts. */
const countSchema = z.coerce.number();

const argumentsSchema = z.object({
  op_name: z.string(),
  output_type_shape: z.array(z.record(z.string(), z.array(z.number()))).default([]),
  mem_bytes_in_use: countSchema.optional(),
  mem_in_use_delta: countSchema.optional(),
  mem_in_use_peak: countSchema.optional(),
  mem_arena_held: countSchema.optional(),
});

const eventSchema = z.object({
  cat: z.string().optional(),
  name: z.string(),
  args: z.unknown().optional(),
});

const KERNEL_SUFFIX = '_kernel_time';

/** The kernels of a profile in the order in which they ran. Throws UserError for another format. */
export function kernelEvents(profile: unknown): KernelEvent[] {
  const complaint = "the runtime's profile has another form than expected";
  return parseAs(profile, z.array(eventSchema), complaint)
    .filter(({ cat, name }) => cat === 'Node' && name.endsWith(KERNEL_SUFFIX))
    .map(({ name, args }) => {
      const told = parseAs(args, argumentsSchema, complaint);
      return {
        node: name.slice(0, -KERNEL_SUFFIX.length),
        operator: told.op_name,
        outputs: told.output_type_shape.flatMap((shape) =>
          Object.entries(shape).map(([type, dims]) => ({ type, dims })),
        ),
        arena: arenaFigures(told),
      };
    });
}

function arenaFigures(told: z.infer<typeof argumentsSchema>): ArenaFigures | null {
  const {
    mem_bytes_in_use: inUseBytes,
    mem_in_use_delta: addedBytes,
    mem_in_use_peak: peakBytes,
    mem_arena_held: heldBytes,
  } = told;
  if (inUseBytes === undefined || addedBytes === undefined) return null;
  if (peakBytes === undefined || heldBytes === undefined) return null;
  return { inUseBytes, addedBytes, peakBytes, heldBytes };
}

/** Bytes of one element, by the names that the runtime's C++ types have. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = Object.freeze({
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  float: 4,
  int64: 8,
  uint64: 8,
  double: 8,
  // sizeof(std::string) of libstdc++; the characters of a long one lie elsewhere.
  string: 32,
});

/** Size of a tensor; 0 for a type of which this version does not know the size. */
export function tensorBytes(type: string, dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, ELEMENT_BYTES[type] ?? 0);
}

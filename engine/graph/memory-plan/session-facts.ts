import { z } from 'zod';
import type { Buffer } from './assign-buffers.ts';
import { bytesAt } from './size-law.ts';

const sizeSchema = z.strictObject({ fixedBytes: z.number(), sampleBytes: z.number() });

const bufferSchema = z.strictObject({
  size: sizeSchema,
  first: z.int(),
  last: z.int(),
  isOutput: z.boolean(),
  tensors: z.array(z.strictObject({ name: z.string(), madeBy: z.int() })).min(1),
});

/**
 * What the memory of a session follows from, for one file at one graph level: taken once,
 * and good for every batch and every number of replicas.
 */
export const sessionFactsSchema = z.strictObject({
  /** Batches that were run; with one alone, the sizes hold for that batch only. */
  batches: z.array(z.int()).min(1),
  /** Nodes that are executed. */
  nodes: z.int(),
  /** By the time at which they are taken; the smallest are left out beyond `MAX_BUFFERS`. */
  buffers: z.array(bufferSchema),
  /** All tensors that nodes make, views aside: what a run would take without any reuse. */
  tensors: sizeSchema,
  /** What kernels take for themselves while they run, where it made the arena's peak. */
  workspaces: z.array(z.strictObject({ node: z.int(), size: sizeSchema })),
  /** Feeds and outputs of one request. */
  feeds: sizeSchema,
  outputs: sizeSchema,
  /** Weights of the graph that is executed. */
  weightsBytes: z.number(),
  /** Copies of weights in the layout that kernels multiply, beside the arena's regions. */
  packedBytes: z.number(),
  /** What creating the session left resident, and the most meanwhile: measured. */
  createdBytes: z.number(),
  createPeakBytes: z.number(),
  /** Of both, what the first session of any model brings, and others of the process share. */
  sharedBytes: z.number(),
});
export type SessionFacts = Readonly<z.infer<typeof sessionFactsSchema>>;

/** Thousands of scalars and shapes of a large model add nothing but length. */
export const MAX_BUFFERS = 1000;

/** The largest of them at a batch, in their order. */
export function keepLargest(buffers: readonly Buffer[], batch: number): SessionFacts['buffers'] {
  const bytes = ({ size }: Buffer): number => bytesAt(size, batch);
  const kept = new Set(buffers.toSorted((a, b) => bytes(b) - bytes(a)).slice(0, MAX_BUFFERS));
  return buffers
    .filter((buffer) => kept.has(buffer))
    .map((buffer) => ({ ...buffer, tensors: buffer.tensors.map((one) => ({ ...one })) }));
}

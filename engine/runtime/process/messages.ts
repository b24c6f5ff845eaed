import { z } from 'zod';
import type { ValueInfo } from '../binding.ts';
import type { SessionOptions } from '../session-options.ts';
import { isNumericType, type NumericType, type TensorType } from '../tensor.ts';

/**
 * What a process replica and its process say to each other: one request, one
 * reply. Numbers lie in shared memory; only their places are told.
 */
export type Request = OpenRequest | RunRequest;

/** The first one. */
export interface OpenRequest {
  readonly kind: 'open';
  readonly modelPath: string;
  readonly options: SessionOptions;
  /** How long the arena may become. */
  readonly maxArenaBytes: number;
}

export interface RunRequest {
  readonly kind: 'run';
  readonly feeds: WireTensors;
  /** How long the arena is. */
  readonly arenaBytes: number;
}

export type Reply = OpenedReply | DoneReply | FailedReply | UnmappedReply;

export interface OpenedReply {
  readonly kind: 'opened';
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface DoneReply {
  readonly kind: 'done';
  readonly outputs: WireTensors;
  /** How long the arena is now. */
  readonly arenaBytes: number;
}

/** The request went wrong; the process goes on. */
export interface FailedReply {
  readonly kind: 'failed';
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** Nothing was run: this segment is not to be had by its name, any more or at all. */
export interface UnmappedReply {
  readonly kind: 'unmapped';
  readonly segment: string;
}

export type WireTensors = Readonly<Record<string, WireTensor>>;
export type WireTensor = PlacedTensor | TextTensor;

export interface PlacedTensor {
  readonly type: NumericType;
  readonly dims: readonly number[];
  /** In bytes from the start of the arena, or of the segment. */
  readonly offset: number;
  /** Named shared memory other than the arena. */
  readonly segment?: Segment | undefined;
}

export interface Segment {
  readonly name: string;
  /** That of `SharedMapping`: the same name may mean other memory by now. */
  readonly id: string;
}

/** Texts have no place in memory that two processes share. */
export interface TextTensor {
  readonly type: 'string';
  readonly dims: readonly number[];
  readonly texts: readonly string[];
}

const dimsSchema = z.array(z.int().min(0));
const numericTypeSchema = z.custom<NumericType>((type) => {
  return typeof type === 'string' && isNumericType(type);
});
const wireTensorSchema = z.union([
  z.object({ type: numericTypeSchema, dims: dimsSchema, offset: z.int().min(0) }),
  z.object({ type: z.literal('string'), dims: dimsSchema, texts: z.array(z.string()) }),
]);
const valueInfoSchema = z.object({
  name: z.string(),
  type: z.custom<TensorType>((type) => {
    return typeof type === 'string' && (type === 'string' || isNumericType(type));
  }),
  shape: z.array(z.union([z.number(), z.string()])),
});
const replySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('opened'),
    inputs: z.array(valueInfoSchema),
    outputs: z.array(valueInfoSchema),
  }),
  z.object({
    kind: z.literal('done'),
    outputs: z.record(z.string(), wireTensorSchema),
    arenaBytes: z.int().min(0),
  }),
  z.object({ kind: z.literal('failed'), message: z.string(), remedy: z.string().optional() }),
  z.object({ kind: z.literal('unmapped'), segment: z.string() }),
]);

/** Checks what a process says: a model that corrupts its memory must not bring down ours. */
export function parseReply(text: string): Reply {
  return replySchema.parse(JSON.parse(text));
}

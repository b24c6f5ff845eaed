import { z } from 'zod';

/** A fact, or why the machine does not say it. Not known is never 0, and never "no". */
export type Known<T> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'unavailable'; readonly reason: string };

export function known<T>(value: T): Known<T> {
  return { state: 'known', value };
}

export function unavailable(reason: string): {
  readonly state: 'unavailable';
  readonly reason: string;
} {
  return { state: 'unavailable', reason };
}

/** What follows from a fact, where it is known. */
export function mapKnown<A, B>(fact: Known<A>, map: (value: A) => B): Known<B> {
  return fact.state === 'known' ? known(map(fact.value)) : fact;
}

/** The schema of `Known`, for records. */
export function knownSchema<T>(value: z.ZodType<T>): z.ZodType<Known<T>> {
  return z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('known'), value }),
    z.strictObject({ state: z.literal('unavailable'), reason: z.string() }),
  ]);
}

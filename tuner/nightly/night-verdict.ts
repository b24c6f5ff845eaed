import { z } from 'zod';

const lossSchema = z.object({
  /**
   * `step`: below the nights before. `creep`: the last week below the frozen release.
   * `bound`: a constraint of the job is broken.
   */
  kind: z.enum(['step', 'creep', 'bound']),
  /** The broken constraint, for people; null for the others. */
  bound: z.string().nullable(),
  /** Relative change for the worse, -0.05 for 5 %; null for a bound. */
  change: z.number().nullable(),
});

/** What a night says about one job. */
export const nightVerdictSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ok'),
    /** `not-confirmed`: it looked worse once, and a second measurement did not say so. */
    note: z.enum(['steady', 'improved', 'not-confirmed']),
    /** Against the median of the nights before. */
    change: z.number(),
  }),
  z.object({ kind: z.literal('regressed'), losses: z.array(lossSchema).min(1) }),
  /** The control moved, which nobody changed: nothing can be said about the candidate. */
  z.object({ kind: z.literal('environment-changed'), controlChange: z.number() }),
  z.object({ kind: z.literal('insufficient-history'), nights: z.int(), needed: z.int() }),
  z.object({ kind: z.literal('inconclusive'), reason: z.string() }),
  /** There are no figures that count. */
  z.object({ kind: z.literal('invalid'), reason: z.string() }),
]);
export type NightVerdict = Readonly<z.infer<typeof nightVerdictSchema>>;

/** What a process ends with; measuring nothing at all is 2 as well. */
export const NIGHT_EXIT = Object.freeze({ ok: 0, regressed: 1, invalid: 2, inconclusive: 3 });
export type NightExit = keyof typeof NIGHT_EXIT;

/**
 * From the worst to the best, of which the worst job decides: a loss is to be heard even
 * where another job broke, and a broken job even where another one waits for its history.
 */
const WORST_FIRST = ['regressed', 'invalid', 'inconclusive', 'ok'] as const;

export function exitOf(verdict: NightVerdict): NightExit {
  switch (verdict.kind) {
    case 'ok':
    case 'regressed':
    case 'invalid':
      return verdict.kind;
    case 'environment-changed':
    case 'insufficient-history':
    case 'inconclusive':
      return 'inconclusive';
  }
}

/** A night without a job measured nothing. */
export function worstExit(verdicts: readonly NightVerdict[]): NightExit {
  const exits = verdicts.map(exitOf);
  return WORST_FIRST.find((exit) => exits.includes(exit)) ?? 'invalid';
}

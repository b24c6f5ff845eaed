/** When a job that is tuned by the plan is tuned again. */
export type RetunePolicy =
  | { readonly kind: 'never' }
  | { readonly kind: 'on-change' }
  | { readonly kind: 'every'; readonly nights: number };

const MAX_NIGHTS = 1000;

/** Reads `never`, `on-change` or `every 7 nights`; null for anything else. */
export function parseRetune(text: string): RetunePolicy | null {
  if (text === 'never' || text === 'on-change') return { kind: text };
  const nights = Number(/^every (\d{1,4}) nights?$/.exec(text.trim())?.[1]);
  return nights >= 1 && nights <= MAX_NIGHTS ? { kind: 'every', nights } : null;
}

/** What decides whether a configuration still fits. */
export interface TuningFacts {
  readonly modelSha256: string;
  readonly runtime: string;
  readonly hostKey: string;
}

/**
 * Whether a job is to be tuned tonight: it never was (`tuned` is null), or the policy says
 * so. `nightsSince` counts the nights of this job since it was tuned.
 */
export function mustTune(
  policy: RetunePolicy,
  state: {
    readonly tuned: TuningFacts | null;
    readonly now: TuningFacts;
    readonly nightsSince: number;
  },
): boolean {
  const { tuned, now, nightsSince } = state;
  if (tuned === null) return true;
  switch (policy.kind) {
    case 'never':
      return false;
    case 'on-change':
      return (
        tuned.modelSha256 !== now.modelSha256 ||
        tuned.runtime !== now.runtime ||
        tuned.hostKey !== now.hostKey
      );
    case 'every':
      return nightsSince >= policy.nights;
  }
}

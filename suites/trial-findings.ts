import { z } from 'zod';
import { formatCount, formatNumber, formatPercent } from '../engine/base/units.ts';

/**
 * What is wrong with a trial: reasons that make it invalid, and warnings that
 * make its figures suspect. The rules are in `trial/validity.ts`.
 */

export const invalidReasonSchema = z.discriminatedUnion('kind', [
  /** Golden inputs gave other outputs than the reference. */
  z.strictObject({
    kind: z.literal('wrong-output'),
    phase: z.enum(['before', 'after']),
    detail: z.string(),
  }),
  z.strictObject({ kind: z.literal('thermal-throttle'), events: z.number() }),
  z.strictObject({ kind: z.literal('steal'), share: z.number() }),
  z.strictObject({ kind: z.literal('quota-throttle'), periods: z.number() }),
  z.strictObject({
    kind: z.literal('pressure'),
    resource: z.enum(['memory', 'io']),
    share: z.number(),
  }),
  z.strictObject({ kind: z.literal('few-queries'), count: z.int(), wanted: z.int() }),
  z.strictObject({ kind: z.literal('too-short'), ms: z.number(), wantedMs: z.number() }),
  z.strictObject({ kind: z.literal('generator-lag'), p99Ms: z.number(), limitMs: z.number() }),
  z.strictObject({ kind: z.literal('environment-changed'), what: z.string() }),
  z.strictObject({ kind: z.literal('clocks-differ'), share: z.number() }),
  /** Processes of replicas ended during the trial: what took their place began cold. */
  z.strictObject({ kind: z.literal('replica-lost'), processes: z.int() }),
]);
export type InvalidReason = Readonly<z.infer<typeof invalidReasonSchema>>;

export const trialWarningSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('no-steady-state'),
    /** Range of the last window medians over their median; null with too few windows. */
    span: z.number().nullable(),
    windows: z.int(),
  }),
  z.strictObject({ kind: z.literal('drift'), ratio: z.number() }),
  /** The engine got less of the CPU than its configuration uses. */
  z.strictObject({ kind: z.literal('contention'), cores: z.number(), expected: z.number() }),
  z.strictObject({ kind: z.literal('several-modes'), modes: z.int() }),
  z.strictObject({ kind: z.literal('unstable-frequency'), cv: z.number() }),
  z.strictObject({ kind: z.literal('governor'), governor: z.string() }),
  z.strictObject({ kind: z.literal('not-quiet'), detail: z.string() }),
  /** Arrivals came faster than they were answered. */
  z.strictObject({ kind: z.literal('overloaded'), unanswered: z.int() }),
]);
export type TrialWarning = Readonly<z.infer<typeof trialWarningSchema>>;

/** Why a trial does not count, for people. */
export function describeInvalid(reason: InvalidReason): string {
  switch (reason.kind) {
    case 'wrong-output':
      return `wrong output ${reason.phase} the load: ${reason.detail}`;
    case 'thermal-throttle':
      return `the CPU was throttled for heat ${formatCount(reason.events, 'time')}`;
    case 'steal':
      return `the hypervisor took ${formatPercent(reason.share)} of the CPU time`;
    case 'quota-throttle':
      return `the container's CPU quota stopped it in ${formatCount(reason.periods, 'period')}`;
    case 'pressure':
      return `processes stalled on ${reason.resource} for ${formatPercent(reason.share)} of the time`;
    case 'few-queries':
      return `only ${reason.count} of ${reason.wanted} queries were answered in time: measure longer with --duration`;
    case 'too-short':
      return `measured ${formatNumber(reason.ms)} ms instead of ${formatNumber(reason.wantedMs)} ms`;
    case 'generator-lag':
      return `the load generator was late: p99 ${formatNumber(reason.p99Ms)} ms, limit ${formatNumber(reason.limitMs)} ms`;
    case 'environment-changed':
      return `the machine changed while measuring: ${reason.what}`;
    case 'clocks-differ':
      return `wall clock and monotonic clock differ by ${formatPercent(reason.share)}`;
    case 'replica-lost':
      return `replicas died while measuring and were started again: ${reason.processes}`;
  }
}

/** The message of a warning, for people. */
export function describeWarning(warning: TrialWarning): string {
  switch (warning.kind) {
    case 'no-steady-state':
      return `no steady state after ${formatCount(warning.windows, 'window')}${warning.span === null ? '' : `: the last medians span ${formatPercent(warning.span)}`}`;
    case 'drift':
      return `drift: the second half is ${formatPercent(Math.abs(warning.ratio - 1))} ${warning.ratio > 1 ? 'slower' : 'faster'} than the first`;
    case 'contention':
      return `contention: it got ${formatNumber(warning.cores)} cores, its configuration uses ${formatNumber(warning.expected)}`;
    case 'several-modes':
      return `latencies have ${warning.modes} modes: a percentile between them describes neither`;
    case 'unstable-frequency':
      return `the CPU's frequency varied by ${formatPercent(warning.cv)}`;
    case 'governor':
      return `the frequency governor is '${warning.governor}', not 'performance'`;
    case 'not-quiet':
      return `the machine did not become quiet: ${warning.detail}`;
    case 'overloaded':
      return `overloaded: ${warning.unanswered} queries were not answered in time`;
  }
}

/** Whether the same trial may be valid the next time. */
export function isTransient(reason: InvalidReason): boolean {
  return reason.kind !== 'wrong-output' && reason.kind !== 'few-queries';
}

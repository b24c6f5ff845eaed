import { UsageError } from '../engine/base/errors.ts';
import {
  durationWord,
  formatBytes,
  formatNumber,
  formatPercent,
  parseDurationMs,
} from '../engine/base/units.ts';
import type { TrialMetrics } from '../suites/trial-record.ts';
import type { Constraint } from './run-record.ts';

/** What a constraint looks at: one trial's figures, or several trials' together. */
export interface ConstrainedFigures {
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
  };
  readonly memoryBytes: number;
  /** Absent when the workload has no labels. */
  readonly accuracy?: number | undefined;
  /** Mean power under load; absent without a sensor. */
  readonly watts?: number | undefined;
}

export interface ConstraintCheck {
  readonly constraint: Constraint;
  readonly met: boolean;
  /** How far off, as a ratio: 1 at the limit, 1.1 when 10 % beyond it, below 1 when met. */
  readonly excess: number;
  /** For people: `p99 62.1 ms < 50 ms`. */
  readonly text: string;
}

export function wattsOf(energy: TrialMetrics['energyJPerInference']): number | undefined {
  return energy.state === 'unavailable' ? undefined : energy.watts;
}

/** Reads `p99<50ms`. */
export function parseSlo(text: string): Constraint {
  const match = /^\s*(p50|p90|p95|p99)\s*<=?\s*(\S.*)$/i.exec(text);
  if (match === null) {
    throw new UsageError(`--slo '${text}' cannot be read`, {
      remedy: "give a percentile and a bound, such as --slo 'p99<50ms' (p50, p90, p95 or p99)",
    });
  }
  return {
    kind: 'latency',
    percentile: match[1]?.toLowerCase() as 'p50' | 'p90' | 'p95' | 'p99',
    limitMs: parseDurationMs(match[2] ?? '', '--slo'),
  };
}

/** `p99 < 50 ms`, `memory < 512 MiB`, `accuracy >= 95 %`. */
export function describeConstraint(constraint: Constraint): string {
  switch (constraint.kind) {
    case 'latency':
      return `${constraint.percentile} < ${formatNumber(constraint.limitMs)} ms`;
    case 'memory':
      return `memory < ${formatBytes(constraint.limitBytes)}`;
    case 'accuracy':
      return `accuracy >= ${formatPercent(constraint.floor)}`;
    case 'power':
      return `power < ${formatNumber(constraint.limitWatts)} W`;
  }
}

/**
 * The option of `claw tune` that asks for a constraint, and its value as it is, not quoted for a
 * shell. Read back, it gives the very same constraint.
 */
export function constraintWords(constraint: Constraint): readonly [option: string, value: string] {
  switch (constraint.kind) {
    case 'latency':
      return ['--slo', `${constraint.percentile}<${durationWord(constraint.limitMs)}`];
    case 'memory':
      return ['--max-memory', sizeWord(constraint.limitBytes)];
    case 'accuracy':
      return ['--min-accuracy', String(constraint.floor)];
    case 'power':
      return ['--max-power', `${constraint.limitWatts}W`];
  }
}

function sizeWord(limitBytes: number): string {
  const mebibytes = limitBytes / 2 ** 20;
  return Number.isInteger(mebibytes) ? `${mebibytes}MiB` : String(limitBytes);
}

export function checkConstraint(
  figures: ConstrainedFigures,
  constraint: Constraint,
): ConstraintCheck {
  switch (constraint.kind) {
    case 'latency': {
      const value = figures.latencyMs[constraint.percentile];
      return {
        constraint,
        met: value < constraint.limitMs,
        excess: value / constraint.limitMs,
        text: `${constraint.percentile} ${formatNumber(value)} ms, bound ${formatNumber(constraint.limitMs)} ms`,
      };
    }
    case 'memory':
      return {
        constraint,
        met: figures.memoryBytes < constraint.limitBytes,
        excess: figures.memoryBytes / constraint.limitBytes,
        text: `memory ${formatBytes(figures.memoryBytes)}, bound ${formatBytes(constraint.limitBytes)}`,
      };
    case 'accuracy': {
      const value = figures.accuracy ?? 0;
      return {
        constraint,
        met: value >= constraint.floor,
        excess: constraint.floor / Math.max(value, 1e-9),
        text: `accuracy ${formatPercent(value)}, floor ${formatPercent(constraint.floor)}`,
      };
    }
    case 'power': {
      // What nobody measured is not known to be within a bound.
      const value = figures.watts ?? Infinity;
      return {
        constraint,
        met: value < constraint.limitWatts,
        excess: value / constraint.limitWatts,
        text: `power ${figures.watts === undefined ? 'not measured' : `${formatNumber(value)} W`}, bound ${formatNumber(constraint.limitWatts)} W`,
      };
    }
  }
}

/** A figure exactly at its bound does not meet it: it must count as more than 1. */
const LEAST_EXCESS = 1 + 1e-9;

/** The product of what is exceeded: 1 when every constraint is met, more the further off. */
export function totalExcess(
  figures: ConstrainedFigures,
  constraints: readonly Constraint[],
): number {
  return constraints
    .map((constraint) => checkConstraint(figures, constraint))
    .reduce(
      (product, check) => (check.met ? product : product * Math.max(check.excess, LEAST_EXCESS)),
      1,
    );
}

export function meetsAll(figures: ConstrainedFigures, constraints: readonly Constraint[]): boolean {
  return constraints.every((constraint) => checkConstraint(figures, constraint).met);
}

import { formatNumber } from '../engine/base/units.ts';
import { checkConstraint as judge } from '../tuner/constraint.ts';
import type { Constraint } from '../tuner/run-record.ts';
import type { ArmFigures } from './arm-figures.ts';
import { bytes, milliseconds, percent } from './figure-format.ts';

/** One constraint against one arm. */
export interface ConstraintCheck {
  readonly met: boolean;
  /** `p99 3.1 ms under the bound of 66 ms`, `accuracy not measured, at least 95 % is asked for`. */
  readonly text: string;
}

/** The tuner's own judgement, in the report's words. */
export function checkConstraint(
  constraint: Constraint,
  figures: Pick<ArmFigures, 'latencyMs' | 'memoryBytes' | 'accuracy' | 'watts'>,
): ConstraintCheck {
  const { met } = judge(figures, constraint);
  switch (constraint.kind) {
    case 'latency': {
      const value = figures.latencyMs[constraint.percentile];
      const side = met ? 'under' : 'over';
      const text = `${constraint.percentile} ${milliseconds(value)} ${side} the bound of ${milliseconds(constraint.limitMs)}`;
      return { met, text };
    }
    case 'memory': {
      const side = met ? 'under' : 'over';
      const text = `memory ${bytes(figures.memoryBytes)} ${side} the bound of ${bytes(constraint.limitBytes)}`;
      return { met, text };
    }
    case 'accuracy':
      return { met, text: accuracyText(constraint.floor, figures.accuracy, met) };
    case 'power': {
      const side = met ? 'under' : 'over';
      const value =
        figures.watts === undefined
          ? 'not measured, not'
          : `${formatNumber(figures.watts)} W ${side}`;
      return { met, text: `power ${value} the bound of ${formatNumber(constraint.limitWatts)} W` };
    }
  }
}

/** `p99 below 66 ms`. */
export function demandText(constraint: Constraint): string {
  switch (constraint.kind) {
    case 'latency':
      return `${constraint.percentile} below ${milliseconds(constraint.limitMs)}`;
    case 'memory':
      return `memory below ${bytes(constraint.limitBytes)}`;
    case 'accuracy':
      return `accuracy at least ${percent(constraint.floor)}`;
    case 'power':
      return `power below ${formatNumber(constraint.limitWatts)} W`;
  }
}

function accuracyText(floor: number, value: number | undefined, met: boolean): string {
  if (value === undefined) return `accuracy not measured, at least ${percent(floor)} is asked for`;
  return `accuracy ${percent(value)} ${met ? 'above' : 'below'} the floor of ${percent(floor)}`;
}

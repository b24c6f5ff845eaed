import type { Constraint } from '../tuner/run-record.ts';
import type { ArmFigures } from './arm-figures.ts';
import { bytes, milliseconds, percent } from './figure-format.ts';

/** One constraint against one arm. */
export interface ConstraintCheck {
  readonly met: boolean;
  /** `p99 3.1 ms under the bound of 66 ms`, `accuracy not measured, at least 95 % is asked for`. */
  readonly text: string;
}

/**
 * Strict bounds, as the tuner reads them. An arm without the figure does not meet the
 * constraint: what was not measured is not proven.
 */
export function checkConstraint(
  constraint: Constraint,
  figures: Pick<ArmFigures, 'latencyMs' | 'memoryBytes' | 'accuracy'>,
): ConstraintCheck {
  switch (constraint.kind) {
    case 'latency': {
      const value = figures.latencyMs[constraint.percentile];
      const met = value < constraint.limitMs;
      const side = met ? 'under' : 'over';
      const text = `${constraint.percentile} ${milliseconds(value)} ${side} the bound of ${milliseconds(constraint.limitMs)}`;
      return { met, text };
    }
    case 'memory': {
      const met = figures.memoryBytes < constraint.limitBytes;
      const side = met ? 'under' : 'over';
      const text = `memory ${bytes(figures.memoryBytes)} ${side} the bound of ${bytes(constraint.limitBytes)}`;
      return { met, text };
    }
    case 'accuracy':
      return checkAccuracy(constraint.floor, figures.accuracy);
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
  }
}

function checkAccuracy(floor: number, value: number | undefined): ConstraintCheck {
  if (value === undefined) {
    return { met: false, text: `accuracy not measured, at least ${percent(floor)} is asked for` };
  }
  const met = value >= floor;
  const side = met ? 'above' : 'below';
  return { met, text: `accuracy ${percent(value)} ${side} the floor of ${percent(floor)}` };
}

import type { MeasuredArm } from '../tuner/run-record.ts';
import { type ArmFigures, figuresOfMeasured, figuresOfTrials } from './arm-figures.ts';
import { highlightOf, type RunView } from './run-view.ts';

/** The two arms of the before/after table; either may be missing. */
export interface Comparison {
  readonly before: ArmFigures | undefined;
  readonly after: ArmFigures | undefined;
  /** Heading of the second column: `Winner`, `Candidate`, ... */
  readonly afterTitle: string;
  /** Whether both columns come from the interleaved pairs of the verification. */
  readonly verified: boolean;
}

/** Figures of the outcome where it has them, else medians of the trials. */
export function compareArms(view: RunView): Comparison {
  const { outcome } = view.run;
  const rival = rivalOf(view);
  if (outcome === null) {
    const afterTitle = 'Best so far';
    return { before: view.baseline, after: rival, afterTitle, verified: false };
  }
  switch (outcome.kind) {
    case 'winner':
      return {
        before: figuresOfMeasured(outcome.baseline),
        after: figuresOfMeasured(outcome.shipped),
        afterTitle: 'Winner',
        verified: true,
      };
    case 'default':
      return {
        before: figuresOfMeasured(outcome.baseline),
        after: rival,
        afterTitle: 'Candidate',
        verified: outcome.verification !== null,
      };
    case 'nothing-feasible':
      return compareWithNearest(view, outcome.nearest);
  }
}

function compareWithNearest(view: RunView, nearest: MeasuredArm | null): Comparison {
  const figures = nearest === null ? undefined : figuresOfMeasured(nearest);
  const isDefault = figures !== undefined && figures.armKey === view.defaultKey;
  return {
    before: isDefault ? figures : view.baseline,
    after: isDefault ? undefined : figures,
    afterTitle: 'Nearest miss',
    verified: false,
  };
}

/** The other arm's figures: from the verification where it was measured there, as the tuner has it. */
function rivalOf(view: RunView): ArmFigures | undefined {
  const armKey = highlightOf(view)?.armKey;
  const arm = view.arms.find((one) => one.armKey === armKey);
  if (arm === undefined) return undefined;
  const [first, ...rest] = arm.completed.filter((trial) => trial.purpose.kind === 'verify');
  return first === undefined ? arm : figuresOfTrials([first, ...rest]);
}

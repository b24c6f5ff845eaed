import { formatDuration, formatNumber } from '../engine/base/units.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import type { TuningProgress } from '../tuner/run-tuning.ts';

/** Shows what a long command is doing, on stderr. */
export interface Progress {
  /** A step, such as `building the suite`. */
  step(message: string): void;
  trial(progress: TuningProgress): void;
  /** Removes what is not worth keeping on the screen. */
  end(): void;
}

/** A single line that is drawn over on a terminal; plain lines elsewhere. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? terminalProgress(stream) : plainProgress(stream);
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  return {
    step: (message) => void stream.write(`${message}\n`),
    trial: ({ trials, phase, leftMs }) => {
      const last = trials.at(-1);
      if (last === undefined) return;
      const left = leftMs === null ? '' : `, ${formatDuration(leftMs)} left`;
      stream.write(`trial ${trials.length} (${phase}${left}): ${last.armKey}: ${resultOf(last)}\n`);
    },
    end: () => undefined,
  };
}

const BAR_CELLS = 20;
const CLEAR_LINE = '\r\u001b[2K';

function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const draw = (text: string): void => {
    // One cell is left free: a full line would wrap and could not be drawn over.
    stream.write(`${CLEAR_LINE}${text.slice(0, Math.max(20, stream.columns - 1))}`);
  };
  return {
    step: (message) => draw(`${message} ...`),
    trial: (progress) => draw(barLine(progress)),
    end: () => void stream.write(CLEAR_LINE),
  };
}

function barLine({ run, trials, phase, leftMs }: TuningProgress): string {
  const share = shareDone(run.budget, run.spentMs, trials.length);
  const filled = Math.round(share * BAR_CELLS);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}`;
  const best = bestQps(trials);
  const left = leftMs === null ? '' : `  ${formatDuration(leftMs)} left`;
  const shown = best === null ? '' : `  best ${formatNumber(best)}/s`;
  return `[${bar}] ${phase}  ${trials.length} trials${shown}${left}`;
}

function shareDone(
  budget: TuningProgress['run']['budget'],
  spentMs: number,
  trials: number,
): number {
  const share =
    budget.trials !== null ? trials / (budget.trials + 12) : spentMs / (budget.timeMs ?? Infinity);
  return Math.min(1, Math.max(0, share));
}

function bestQps(trials: readonly TrialRecord[]): number | null {
  const completed = trials.filter((trial) => trial.state === 'completed');
  return completed.length === 0 ? null : Math.max(...completed.map((trial) => trial.metrics.qps));
}

function resultOf(trial: TrialRecord): string {
  if (trial.state !== 'completed') return trial.state;
  const { qps, latencyMs } = trial.metrics;
  return `${formatNumber(qps)} samples/s, p99 ${formatNumber(latencyMs.p99)} ms`;
}

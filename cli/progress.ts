import { formatCount, formatDuration, formatNumber } from '../engine/base/units.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import type { TuningProgress } from '../tuner/run-log.ts';
import { VERIFICATION_PAIRS } from '../tuner/verification.ts';

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
    trial: (progress) => {
      const last = progress.trials.at(-1);
      if (last === undefined) return;
      const number = progress.trials.length;
      stream.write(`trial ${number} (${phaseOf(progress)}): ${last.armKey}: ${resultOf(last)}\n`);
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

function barLine(progress: TuningProgress): string {
  const filled = Math.round(shareDone(progress) * BAR_CELLS);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}`;
  const best = bestQps(progress.trials);
  const shown = best === null ? '' : `, best ${formatNumber(best)}/s`;
  const count = formatCount(progress.trials.length, 'trial');
  return `[${bar}] ${count}${shown}, ${phaseOf(progress)}`;
}

/** `search, 1 min 20 s left`, `verify 3 of 12, 30 s left`, `server, rate 2, 40 s left`. */
function phaseOf({ verified, probes, leftMs }: TuningProgress): string {
  const before = verified === null ? 'search' : `verify ${verified.done} of ${verified.of}`;
  const phase = probes === 0 ? before : `server, rate ${probes}`;
  // Whole seconds: more would only flicker.
  return leftMs === null
    ? phase
    : `${phase}, ${formatDuration(Math.round(leftMs / 1000) * 1000)} left`;
}

/** Of the time that the whole run will take. */
function shareDone({ run, trials, leftMs }: TuningProgress): number {
  if (leftMs !== null) return run.spentMs / Math.max(1, run.spentMs + leftMs);
  return Math.min(1, trials.length / ((run.budget.trials ?? 0) + 2 * VERIFICATION_PAIRS));
}

/** Of what was driven as hard as it goes: a rate that was tried is no throughput. */
function bestQps(trials: readonly TrialRecord[]): number | null {
  const completed = trials
    .filter(({ purpose }) => purpose.kind !== 'probe')
    .filter((trial) => trial.state === 'completed');
  return completed.length === 0 ? null : Math.max(...completed.map((trial) => trial.metrics.qps));
}

function resultOf(trial: TrialRecord): string {
  if (trial.state !== 'completed') return trial.state;
  const { qps, latencyMs } = trial.metrics;
  if (trial.purpose.kind === 'probe') {
    const asked = formatNumber(trial.purpose.ratePerSecond);
    return `${asked} requests/s asked for, p99 ${formatNumber(latencyMs.p99)} ms`;
  }
  return `${formatNumber(qps)} samples/s, p99 ${formatNumber(latencyMs.p99)} ms`;
}

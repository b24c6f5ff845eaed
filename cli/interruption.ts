import { createProgress, type Progress } from './progress.ts';

/** Why a command was stopped by the user or the system. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }

  /** 128 plus the signal's number, as shells report it. */
  get exitCode(): number {
    return this.signal === 'SIGINT' ? 130 : 143;
  }
}

/**
 * Runs a command that can be stopped: `work` gets a signal that aborts on the
 * first Ctrl-C. When it then rejects with the interruption, `message` is shown,
 * and the exit code is that of the signal.
 */
export async function interruptible(
  message: string,
  work: (around: { readonly signal: AbortSignal; readonly progress: Progress }) => Promise<number>,
): Promise<number> {
  const progress = createProgress(process.stderr);
  const interruption = interruptionSignal();
  try {
    return await work({ signal: interruption.signal, progress });
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    progress.end();
    console.error(message);
    return thrown.exitCode;
  } finally {
    progress.end();
    interruption.dispose();
  }
}

/**
 * A signal that aborts on the first Ctrl-C or SIGTERM, so that the command can
 * end cleanly; a second one ends the process at once.
 */
function interruptionSignal(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    const interruption = new Interruption(signal);
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

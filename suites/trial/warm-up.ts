import { median } from '../../engine/base/statistics.ts';
import type { TrialWarning } from '../trial-findings.ts';
import { driveClosedLoop, type ClosedLoopOptions } from '../scenarios/closed-loop.ts';
import { judgeSteadiness } from './steady-state.ts';
import type { TrialProtocol } from './trial-spec.ts';

export interface WarmUp {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly warnings: readonly TrialWarning[];
}

/** Inferences without which a window's median says nothing. */
const LEAST_IN_WINDOW = 10;

/**
 * Drives the engine closed-loop in windows until their medians have settled, or
 * the time is up: then the trial is measured all the same, with a warning.
 * `afterWindow` is called between windows, when nothing is timed.
 */
export async function warmUp(
  query: (client: number, index: number) => Promise<unknown>,
  protocol: TrialProtocol,
  options: Pick<ClosedLoopOptions, 'clients' | 'nowMs'> & { readonly afterWindow: () => void },
): Promise<WarmUp> {
  const { clients, nowMs, afterWindow } = options;
  const startedMs = nowMs();
  const medians: number[] = [];
  let requests = 0;
  while (true) {
    const leftMs = protocol.warmupMaxMs - (nowMs() - startedMs);
    const window = await driveClosedLoop(query, {
      clients,
      durationMs: protocol.windowMs,
      leastQueries: LEAST_IN_WINDOW,
      maxMs: Math.max(protocol.windowMs, leftMs),
      nowMs,
    });
    medians.push(median(Array.from(window.latenciesMs)));
    requests += window.latenciesMs.length;
    afterWindow();
    const elapsedMs = nowMs() - startedMs;
    const { steady, span } = judgeSteadiness(medians);
    if (steady && requests >= protocol.warmupMinRequests) {
      return { requests, elapsedMs, warnings: [] };
    }
    if (elapsedMs >= protocol.warmupMaxMs) {
      return { requests, elapsedMs, warnings: [unsteady(span, medians.length)] };
    }
  }
}

function unsteady(span: number, windows: number): TrialWarning {
  return { kind: 'no-steady-state', span: Number.isFinite(span) ? span : null, windows };
}

import { formatNumber } from '../engine/base/units.ts';
import { constrainedFigures } from './arm-metrics.ts';
import { meetsAll } from './constraint.ts';
import type { MeasuredArm, RunOutcome } from './run-record.ts';
import { latencyBounds, rateOf, RATE_RESOLUTION, servedArm, type Serving } from './server-rate.ts';

/**
 * What a decision on full batches is worth to single requests that come when they
 * come: the default, and the winner with its batcher, each driven in the scenario
 * `server` at higher and higher rates. A rate is held when its trial is valid and
 * certifies every bound on latency (99 %), and confirmed with fresh arrivals.
 *
 * Costs about `EXPECTED_PROBES` trials, at most `MOST_PROBES` for an arm and
 * `DELAY_PROBES` for each further delay; each is as long as one of the search, or as
 * its percentile needs: 662 requests for p99.
 */
export async function serveOutcome(outcome: RunOutcome, serving: Serving): Promise<RunOutcome> {
  if (outcome.kind === 'nothing-feasible') return outcome;
  const baseline = await servedDefault(outcome.baseline, serving);
  if (outcome.kind === 'default') return { ...outcome, baseline, shipped: baseline };
  const served = { ...outcome, baseline };
  return decided(served, await servedWinner(served, serving), serving);
}

/** Trials that the default and a winner with two further delays usually take. */
export const EXPECTED_PROBES = 16;
const MOST_PROBES = 10;
const DELAY_PROBES = 6;

type Winner = Extract<RunOutcome, { kind: 'winner' }>;

function servedDefault(arm: MeasuredArm, serving: Serving): Promise<MeasuredArm> {
  return servedArm(arm, serving, { atLeast: 0, maxProbes: MOST_PROBES });
}

/** The winner with the delay that serves most; of equal ones the shortest. */
async function servedWinner(outcome: Winner, serving: Serving): Promise<MeasuredArm> {
  const { shipped, baseline } = outcome;
  const [first = 0, ...others] = serving.delaysMs ?? delaysFor(shipped, serving);
  // Below the default's rate it does not ship, as long as the default may.
  const atLeast = serving.ratesDecide && mayShip(baseline, serving) ? rateOf(baseline) : 0;
  let best = await servedArm(withDelay(shipped, first), serving, {
    atLeast,
    maxProbes: MOST_PROBES,
  });
  for (const delayMs of others) {
    const beyond = Math.max(rateOf(best) * (1 + RATE_RESOLUTION), atLeast);
    const tried = await servedArm(withDelay(shipped, delayMs), serving, {
      atLeast: beyond,
      ...(beyond > 0 && { startRate: beyond }),
      maxProbes: DELAY_PROBES,
    });
    if (rateOf(tried) > rateOf(best)) best = tried;
  }
  return best;
}

/** None; a quarter and a half of what the bound leaves when a full batch has run. */
function delaysFor({ config, metrics }: MeasuredArm, serving: Serving): number[] {
  const isMerged = serving.batch === 'free' && config.batch.maxSize > 1;
  const limitMs = Math.min(...latencyBounds(serving.constraints).map((one) => one.limitMs));
  const leftMs = limitMs - metrics.latencyMs.p50;
  if (!isMerged || leftMs <= 0) return [0];
  return [0, leftMs / 4, leftMs / 2].map((ms) => Number(ms.toPrecision(2)));
}

function withDelay(arm: MeasuredArm, maxDelayMs: number): MeasuredArm {
  const { config } = arm;
  return { ...arm, config: { ...config, batch: { ...config.batch, maxDelayMs } } };
}

/**
 * The winner ships if it serves more than the default, if the default may not ship, or if the
 * machine was too busy to tell: then what was verified on full batches stands.
 */
function decided(outcome: Winner, shipped: MeasuredArm, serving: Serving): RunOutcome {
  const { baseline, verification, reason } = outcome;
  const contest = servedText(shipped, baseline);
  const isBetter = rateOf(shipped) > rateOf(baseline) * (1 + RATE_RESOLUTION);
  const decides = serving.ratesDecide && !isUnknown(shipped) && mayShip(baseline, serving);
  if (isBetter || !decides) {
    return { ...outcome, shipped, reason: `${reason}; with single requests, ${contest}` };
  }
  const why = `${shipped.armKey}, better on full batches, does not serve more single requests: ${contest}`;
  return { kind: 'default', shipped: baseline, baseline, verification, reason: why };
}

function servedText(shipped: MeasuredArm, baseline: MeasuredArm): string {
  return `${rateText(shipped)} against the default's ${rateText(baseline)}`;
}

function rateText({ metrics: { server } }: MeasuredArm): string {
  if (server?.state !== 'found') return `none (${server?.reason ?? 'not measured'})`;
  return `${formatNumber(server.ratePerSecond)}/s`;
}

function isUnknown({ metrics: { server } }: MeasuredArm): boolean {
  return server?.state === 'none' && server.disturbed === true;
}

/** Whether the default meets the constraints on full batches and holds some rate. */
function mayShip(baseline: MeasuredArm, { constraints }: Serving): boolean {
  return rateOf(baseline) > 0 && meetsAll(constrainedFigures(baseline.metrics), constraints);
}

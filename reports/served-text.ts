import type { MeasuredArm, ServerFigures } from '../tuner/run-record.ts';
import { milliseconds, rate, ratio } from './figure-format.ts';
import { describeArm } from './knobs.ts';

type Found = Extract<ServerFigures, { state: 'found' }>;

/** `1 replica × 2 threads, batch 8 serves 410 single requests/s; p99 18 ms, bound 20 ms`. */
export function servedHeadline(arm: MeasuredArm): string | undefined {
  const server = foundOf(arm);
  return server === undefined ? undefined : `${serves(arm, server)}; ${held(server)}`;
}

/** The same, against what the default serves; undefined where the arm was not so measured. */
export function servedAgainst(arm: MeasuredArm, baseline: MeasuredArm): string | undefined {
  const server = foundOf(arm);
  if (server === undefined) return undefined;
  const other = foundOf(baseline);
  const against =
    other === undefined
      ? 'the default none that was confirmed'
      : `${ratio(server.ratePerSecond / other.ratePerSecond)} times the default’s ${rate(other.ratePerSecond)}`;
  return `${serves(arm, server)}, ${against}; ${held(server)}`;
}

function foundOf({ metrics: { server } }: MeasuredArm): Found | undefined {
  return server?.state === 'found' ? server : undefined;
}

function serves({ config }: MeasuredArm, { ratePerSecond }: Found): string {
  return `${describeArm(config)} serves ${rate(ratePerSecond)} single requests/s`;
}

function held({ bound, certifiedMs }: Found): string {
  return `${bound.percentile} ${milliseconds(certifiedMs)}, bound ${milliseconds(bound.limitMs)}`;
}

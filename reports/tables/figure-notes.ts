import type { Constraint } from '../../tuner/run-record.ts';
import type { Energy } from '../arm-figures.ts';
import type { Comparison } from '../comparison.ts';
import { checkConstraint } from '../constraint-check.ts';
import { counted } from '../figure-format.ts';
import { html, type Html } from '../html.ts';

/** What a reader has to know about the figures of a comparison before quoting them. */
export function figureNotes(
  comparison: Comparison,
  constraints: readonly Constraint[],
): readonly Html[] {
  const arms = [comparison.before, comparison.after].flatMap((arm) => arm ?? []);
  const broken = arms.flatMap((arm) =>
    constraints.map((item) => checkConstraint(item, arm)).filter((check) => !check.met),
  );
  return [
    sourceNote(comparison),
    batchNote(comparison),
    arms.every((arm) => arm.certified) ? '' : UNCERTIFIED,
    broken.length === 0 ? '' : 'A figure in red breaks a constraint.',
    ...new Set(arms.map((arm) => energyNote(arm.energy))),
  ]
    .filter((text) => text !== '')
    .map((text) => html`<p class="note">${text}</p>`);
}

const UNCERTIFIED =
  '* Uncertified: the percentile of the requests that were measured. It is what happened here, not a bound that holds with a stated confidence.';

/** Where a figure of energy comes from, which decides what it may be compared with. */
function energyNote(energy: Energy): string {
  if (energy.state === 'unavailable') return `Energy unavailable: ${energy.reason}.`;
  const { source, scope, quality, notes } = energy;
  const estimated = energy.state === 'estimated' ? ' estimated, not measured,' : '';
  const doubts = notes.length === 0 ? '' : `; ${notes.join('; ')}`;
  return `Energy${estimated} by ${source} (${scope}, ${quality}${doubts}).`;
}

/** Latencies of different batches are not the same thing, which a reader has to be told. */
function batchNote({ before, after }: Comparison): string {
  const sizes = [before, after].flatMap((arm) => arm?.config.batch.maxSize ?? []);
  const [first, second = first] = sizes;
  if (first === undefined || second === undefined || Math.max(first, second) === 1) return '';
  if (first === second) return `Latency is per request of ${first} samples.`;
  return `Latency is per request: ${counted(first, 'sample')} in the first column, ${counted(second, 'sample')} in the second.`;
}

function sourceNote({ before, after, verified }: Comparison): string {
  const count = Math.max(before?.trials ?? 0, after?.trials ?? 0);
  if (verified) {
    return `From ${counted(count, 'trial')} of each, interleaved, each in a fresh process; intervals are 95 %.`;
  }
  return count === 1
    ? 'From a single trial of each arm: nothing here has been measured again.'
    : `From up to ${counted(count, 'trial')} of each arm.`;
}

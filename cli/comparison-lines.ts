import { formatNumber, formatPercent } from '../engine/base/units.ts';
import type { BenchRecord, ComparisonRecord, JudgedMetric } from '../suites/bench-record.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { configText, scenarioText, workloadLines } from './bench-subject.ts';
import { figureLine } from './figure-lines.ts';
import { noiseAge } from './host-noise.ts';
import { endingLines } from './trial-lines.ts';

/** What two configurations are to each other, and how sure that is. */
export function comparisonLines(record: BenchRecord, comparison: ComparisonRecord): string[] {
  const side = (name: 'a' | 'b'): TrialRecord | undefined =>
    record.trials.find(({ purpose }) => purpose.kind === 'compare' && purpose.side === name);
  const [baseline, candidate] = [side('a'), side('b')];
  // The very first trial may have ended it: then one side was never tried.
  if (baseline === undefined || candidate === undefined) return onlySideLines(record);
  const { blocks, lost, metrics, noise } = comparison;
  return [
    `${record.workload.model.name}: ${configText(candidate.config)}`,
    `against ${configText(baseline.config)}`,
    `  ${scenarioText(record.workload, candidate)}`,
    `  ${blocks.length} blocks of four trials, interleaved${lost === 0 ? '' : `; lost: ${lost}`}`,
    ...workloadLines(record.workload),
    '',
    ...(metrics.length === 0
      ? failureLines(record)
      : [verdictLine(metrics), '', ...metricLines(metrics)]),
    '',
    `  margins are at least this host's noise, measured ${noiseAge(noise)} (claw host --noise)`,
    ...noisyLines(metrics),
    ...spoilLines(record),
  ];
}

function onlySideLines(record: BenchRecord): string[] {
  const tried = record.trials[0];
  if (tried === undefined) return ['nothing was measured'];
  return [
    `${record.workload.model.name}: ${configText(tried.config)}`,
    '',
    ...failureLines(record),
  ];
}

/** Why there is no complete block. */
function failureLines({ trials }: BenchRecord): string[] {
  const last = trials.findLast((trial) => trial.state !== 'completed');
  if (last === undefined) return ['no block was completed'];
  const side =
    last.purpose.kind === 'compare' && last.purpose.side === 'a' ? 'baseline' : 'candidate';
  return [`no block was completed; the last trial of the ${side}:`, ...endingLines(last)];
}

function verdictLine(metrics: readonly JudgedMetric[]): string {
  return metrics
    .filter((metric) => metric.primary)
    .map(
      ({ metric, verdict, ratio }) =>
        `${verdict.toUpperCase()}: ${metric} ${formatNumber(ratio.value)} times`,
    )
    .join(', ');
}

function metricLines(metrics: readonly JudgedMetric[]): string[] {
  return metrics.map(({ metric, primary, ratio, margin, verdict, confidence }) => {
    const side = (value: number | null): string => (value === null ? '?' : value.toFixed(3));
    const interval = `${ratio.value.toFixed(3)} [${side(ratio.low)}, ${side(ratio.high)}]`;
    const decides = primary ? `, decides at ${formatPercent(confidence)}` : '';
    return figureLine(
      metric,
      `${interval.padEnd(26)}${verdict} (margin ${formatPercent(margin)}${decides})`,
    );
  });
}

const WIDE_MARGIN = 0.1;

/** A floor that was measured while something else ran lasts for days: say how to get rid of it. */
function noisyLines(metrics: readonly JudgedMetric[]): string[] {
  const widest = Math.max(0, ...metrics.filter(({ primary }) => primary).map((one) => one.margin));
  if (widest <= WIDE_MARGIN) return [];
  return [
    `  a margin of ${formatPercent(widest)} proves little: measure the noise again when the machine is calm`,
  ];
}

/** What was said about more than one trial in four is worth knowing. */
function spoilLines({ trials }: BenchRecord): string[] {
  const counts = new Map<string, number>();
  for (const { warnings } of trials) {
    for (const { kind } of warnings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const invalid = trials.filter((trial) => trial.state === 'invalid').length;
  return [
    ...(invalid === 0 ? [] : [`  invalid, and not used: ${invalid} of ${trials.length} trials`]),
    ...[...counts]
      .filter(([, count]) => count > trials.length / 4)
      .map(([kind, count]) => `  suspect: ${kind} in ${count} of ${trials.length} trials`),
  ];
}

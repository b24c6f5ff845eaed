import { formatNumber } from '../engine/base/units.ts';
import type { BenchRecord } from '../suites/bench-record.ts';
import { describeInvalid } from '../suites/trial-findings.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import type { BenchPlan } from './bench-plan.ts';
import { configText, headLines } from './bench-subject.ts';
import { endingLines, trialLines } from './trial-lines.ts';

/** The highest rate that keeps its bound, and what else was tried. */
export function peakLines(record: BenchRecord, plan: BenchPlan): string[] {
  const { peak, trials, workload } = record;
  const first = trials[0];
  if (peak === null || first === undefined || plan.load.kind !== 'peak') return [];
  const { percentile, limitMs } = plan.load.bound;
  const bound = `${percentile} < ${formatNumber(limitMs)} ms`;
  const confirmed = peak.confirmedBy === null ? undefined : trials[peak.confirmedBy];
  const head = `${workload.model.name}: ${configText(first.config)}`;
  const probes = ['', '  tried', ...trials.flatMap((trial) => probeLine(trial, percentile))];
  const started = trials.at(-1);
  if (started?.purpose.kind === 'bench' && started.state !== 'completed') {
    return [head, '', 'no rate was tried, for it does not run:', ...endingLines(started)];
  }
  if (confirmed === undefined || peak.ratePerSecond === null) {
    return [head, `no rate was found that keeps ${bound}`, ...machineLines(trials), ...probes];
  }
  const failed = peak.failedAt === null ? '' : `; ${failureText(trials, peak.failedAt)}`;
  return [
    ...headLines(record, confirmed),
    '',
    `PEAK: ${formatNumber(peak.ratePerSecond)} queries/s keep ${bound}, confirmed with fresh arrivals${failed}`,
    ...(peak.complete ? [] : ['  the search ran out of probes: the true peak may be higher']),
    '',
    ...trialLines(confirmed),
    ...probes,
  ];
}

/** A probe that is not valid fails its rate like one over the bound: a reader has to know which. */
function machineLines(trials: readonly TrialRecord[]): string[] {
  const probes = trials.filter(({ purpose }) => purpose.kind === 'probe');
  const invalid = probes.filter(({ state }) => state === 'invalid').length;
  if (invalid === 0) return [];
  return [`  ${invalid} of ${probes.length} trials were invalid: the machine may be what failed`];
}

function failureText(trials: readonly TrialRecord[], ratePerSecond: number): string {
  const isKnown = trials.some(
    ({ purpose, state }) =>
      purpose.kind === 'probe' && purpose.ratePerSecond === ratePerSecond && state !== 'invalid',
  );
  const rate = formatNumber(ratePerSecond);
  return isKnown ? `at ${rate} it is not kept` : `at ${rate} no trial was valid`;
}

function probeLine(trial: TrialRecord, percentile: 'p50' | 'p90' | 'p95' | 'p99'): string[] {
  if (trial.purpose.kind !== 'probe') return [];
  const rate = formatNumber(trial.purpose.ratePerSecond).padStart(10);
  return [`  ${rate}/s  ${percentile} ${probeText(trial, percentile)}`];
}

function probeText(trial: TrialRecord, percentile: 'p50' | 'p90' | 'p95' | 'p99'): string {
  if (trial.state === 'timeout') return 'no end in time: the process was killed';
  if (trial.state === 'failed') return `failed: ${trial.message.trim()}`;
  if (trial.state === 'out-of-memory') return 'out of memory';
  const certified = trial.metrics?.latencyMs.certified[percentile] ?? null;
  const latency = certified === null ? 'given up: over the bound' : `${formatNumber(certified)} ms`;
  if (trial.state === 'completed') return latency;
  const reasons = `INVALID: ${trial.reasons.map(describeInvalid).join('; ')}`;
  return certified === null ? reasons : `${latency}  ${reasons}`;
}

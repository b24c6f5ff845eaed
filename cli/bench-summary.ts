import { formatBytes, formatDuration, formatNumber, formatPercent } from '../engine/base/units.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import type { BenchRecord, ComparisonRecord, JudgedMetric } from '../suites/bench-record.ts';
import { describeScenario, loadShape, type Scenario } from '../suites/scenarios/scenario.ts';
import { describeInvalid, describeWarning } from '../suites/trial-findings.ts';
import type { TrialMetrics, TrialRecord } from '../suites/trial-record.ts';
import type { BenchPlan } from './bench-plan.ts';
import { noiseAge } from './host-noise.ts';
import { describeConfig } from './results.ts';

/** What was measured, how sure it is and what spoils it, for a person at a terminal. */
export function summarizeBench(record: BenchRecord, plan: BenchPlan): string {
  if (record.comparison !== null) return comparisonLines(record, record.comparison).join('\n');
  if (record.peak !== null) return peakLines(record, plan).join('\n');
  const last = record.trials.at(-1);
  if (last === undefined) return 'nothing was measured';
  return [
    ...headLines(record, last),
    '',
    ...trialLines(last),
    ...comparedWithTuned(last, plan),
  ].join('\n');
}

function headLines({ workload }: BenchRecord, trial: TrialRecord): string[] {
  return [
    `${workload.model.name}: ${configText(trial.config)}`,
    `  ${scenarioText(workload, trial)}`,
    ...workloadLines(workload),
  ];
}

function workloadLines({ data, notes }: BenchRecord['workload']): string[] {
  return [
    ...(data.kind === 'random' ? [`  ${data.description}`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}

/** Whatever makes one arm differ from another. */
function configText(config: EngineConfig): string {
  const { affinity, sessionEntries } = config;
  return [
    describeConfig(config),
    ...(affinity === null ? [] : [`affinity ${affinity}`]),
    ...Object.entries(sessionEntries).map(([key, value]) => `${key}=${value}`),
  ].join(', ');
}

function scenarioText({ batch }: BenchRecord['workload'], trial: TrialRecord): string {
  return describeScenario(
    trial.scenario,
    loadShape(trial.scenario, trial.config, batch === 'free'),
  );
}

function trialLines(trial: TrialRecord): string[] {
  switch (trial.state) {
    case 'completed':
      return [...figureLines(trial.metrics, trial.scenario), ...doubtLines(trial)];
    case 'invalid':
      return [
        ...endingLines(trial),
        ...(trial.metrics === null ? [] : ['', ...figureLines(trial.metrics, trial.scenario)]),
        ...doubtLines(trial),
      ];
    case 'timeout':
    case 'failed':
    case 'out-of-memory':
      return endingLines(trial);
  }
}

/** Why a trial has no figures that count. */
function endingLines(trial: Exclude<TrialRecord, { state: 'completed' }>): string[] {
  switch (trial.state) {
    case 'invalid':
      return [
        `INVALID: ${trial.metrics === null ? 'nothing was measured' : 'these figures do not count'}`,
        ...trial.reasons.map((reason) => `  - ${describeInvalid(reason)}`),
      ];
    case 'timeout':
      return [`no end within ${formatDuration(trial.limitMs)}: the process was killed`];
    case 'failed':
      return [`the trial failed: ${trial.message.trim()}`];
    case 'out-of-memory':
      return [`the trial ran out of memory: ${trial.message.trim()}`];
  }
}

function doubtLines({ state, warnings }: TrialRecord): string[] {
  if (warnings.length === 0) {
    return state === 'completed' ? ['', '  nothing spoils it: every check of validity passed'] : [];
  }
  return ['', '  suspect:', ...warnings.map((warning) => `  - ${describeWarning(warning)}`)];
}

function figureLines(metrics: TrialMetrics, scenario: Scenario): string[] {
  const { latencyMs, memory } = metrics;
  return [
    row(
      'measured',
      `${formatDuration(metrics.elapsedMs)}, ${latencyMs.count} queries, after a warm-up of ${formatDuration(metrics.warmupMs)}`,
    ),
    row('samples/s', `${formatNumber(metrics.qps)}${withinText(metrics)}`),
    ...latencyLines(metrics),
    ...(metrics.generatorLagMs === null
      ? []
      : [row('generator lag', `p99 ${formatNumber(metrics.generatorLagMs.p99)} ms`)]),
    ...boundLines(metrics, scenario),
    row(
      'memory',
      `${formatBytes(metrics.memoryBytes)} at its peak (${memory.measure.toUpperCase()}): runtime ${formatBytes(memory.runtimeBytes)}, session ${formatBytes(metrics.sessionBytes)}`,
    ),
    row('energy', energyText(metrics)),
    row('CPU', `${formatNumber(metrics.cpuUtilisation)} cores`),
    row('cold', coldText(metrics.cold)),
    ...(metrics.quality.accuracy === undefined
      ? []
      : [row('accuracy', formatPercent(metrics.quality.accuracy.value))]),
  ];
}

function withinText({ qpsWithin }: TrialMetrics): string {
  if (qpsWithin === null) return '';
  return ` [${formatNumber(qpsWithin.low)}, ${formatNumber(qpsWithin.high)}] (95 %, within this process)`;
}

const SHOWN = ['p50', 'p90', 'p99', 'p999'] as const;

function latencyLines({ latencyMs }: TrialMetrics): string[] {
  return [
    row('latency', `${'raw'.padEnd(12)}${'95 % interval'.padEnd(20)}certified (99 %)`),
    ...SHOWN.map((name) => {
      const { low, high } = latencyMs.intervals[name];
      const certified = latencyMs.certified[name];
      const side = (value: number | null): string => (value === null ? '?' : formatNumber(value));
      const cells = [
        `${formatNumber(latencyMs[name])} ms`.padEnd(12),
        `[${side(low)}, ${side(high)}]`.padEnd(20),
        certified === null ? 'too few queries' : `${formatNumber(certified)} ms`,
      ];
      return row(`  ${name === 'p999' ? 'p99.9' : name}`, cells.join(''));
    }),
  ];
}

function boundLines({ latencyMs, unanswered }: TrialMetrics, scenario: Scenario): string[] {
  if (scenario.name !== 'server' || scenario.bound === null) return [];
  const { percentile, limitMs } = scenario.bound;
  const certified = latencyMs.certified[percentile];
  const holds = certified !== null && certified <= limitMs && unanswered === 0;
  return [
    row(
      'bound',
      `${percentile} < ${formatNumber(limitMs)} ms: ${holds ? 'held, with 99 % confidence' : 'NOT held'}`,
    ),
  ];
}

function energyText({ energyJPerInference: energy }: TrialMetrics): string {
  if (energy.state === 'unavailable') return `unavailable: ${energy.reason}`;
  const net = energy.netValue === null ? '' : `, ${formatNumber(energy.netValue)} J beyond idle`;
  const notes = energy.notes.length === 0 ? '' : ` (${energy.notes.join('; ')})`;
  return `${energy.state === 'estimated' ? 'ESTIMATED ' : ''}${formatNumber(energy.value)} J a sample${net}, ${formatNumber(energy.watts)} W under load; ${energy.source}, ${energy.scope}, ${energy.quality}${notes}`;
}

function coldText(cold: TrialMetrics['cold']): string {
  const ms = (value: number): string => `${formatNumber(value)} ms`;
  return `process ${ms(cold.spawnMs)}, runtime ${ms(cold.importMs)}, sessions ${ms(cold.createMs)}, first inference ${ms(cold.firstInferenceMs)}`;
}

function comparedWithTuned(trial: TrialRecord, plan: BenchPlan): string[] {
  if (plan.config.kind !== 'tuned' || trial.state !== 'completed') return [];
  if (trial.scenario.name !== 'closed-loop') return [];
  const before = plan.config.tuned.metrics.qps.value;
  const change = trial.metrics.qps / before - 1;
  const signed = `${change < 0 ? '-' : '+'}${formatPercent(Math.abs(change))}`;
  return [
    '',
    `  tuned.json says ${formatNumber(before)} samples/s: ${signed} now, in another hour of the machine`,
    '  to compare under equal conditions: --against',
  ];
}

function comparisonLines(record: BenchRecord, comparison: ComparisonRecord): string[] {
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

/** A floor that was measured while something else ran lasts for days: say how to get rid of it. */
function noisyLines(metrics: readonly JudgedMetric[]): string[] {
  const widest = Math.max(0, ...metrics.filter(({ primary }) => primary).map((one) => one.margin));
  if (widest <= WIDE_MARGIN) return [];
  return [
    `  a margin of ${formatPercent(widest)} proves little: measure the noise again when the machine is calm`,
  ];
}

const WIDE_MARGIN = 0.1;

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
    return row(
      metric,
      `${interval.padEnd(26)}${verdict} (margin ${formatPercent(margin)}${decides})`,
    );
  });
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

function peakLines(record: BenchRecord, plan: BenchPlan): string[] {
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
    head,
    `  ${scenarioText(workload, confirmed)}`,
    ...workloadLines(workload),
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

const LABEL_WIDTH = 16;

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

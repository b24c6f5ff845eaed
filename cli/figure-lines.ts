import { formatBytes, formatDuration, formatNumber, formatPercent } from '../engine/base/units.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';
import type { TrialMetrics } from '../suites/trial-record.ts';

/** The figures of one trial, a labelled line each. */
export function figureLines(metrics: TrialMetrics, scenario: Scenario): string[] {
  const { latencyMs, memory } = metrics;
  return [
    figureLine(
      'measured',
      `${formatDuration(metrics.elapsedMs)}, ${latencyMs.count} queries, after a warm-up of ${formatDuration(metrics.warmupMs)}`,
    ),
    figureLine('samples/s', `${formatNumber(metrics.qps)}${withinText(metrics)}`),
    ...latencyLines(metrics),
    ...(metrics.generatorLagMs === null
      ? []
      : [figureLine('generator lag', `p99 ${formatNumber(metrics.generatorLagMs.p99)} ms`)]),
    ...boundLines(metrics, scenario),
    figureLine(
      'memory',
      `${formatBytes(metrics.memoryBytes)} at its peak (${memory.measure.toUpperCase()}): runtime ${formatBytes(memory.runtimeBytes)}, session ${formatBytes(metrics.sessionBytes)}`,
    ),
    figureLine('energy', energyText(metrics)),
    figureLine('CPU', `${formatNumber(metrics.cpuUtilisation)} cores`),
    figureLine('cold', coldText(metrics.cold)),
    ...(metrics.quality.accuracy === undefined
      ? []
      : [figureLine('accuracy', formatPercent(metrics.quality.accuracy.value))]),
  ];
}

function withinText({ qpsWithin }: TrialMetrics): string {
  if (qpsWithin === null) return '';
  return ` [${formatNumber(qpsWithin.low)}, ${formatNumber(qpsWithin.high)}] (95 %, within this process)`;
}

const SHOWN = ['p50', 'p90', 'p99', 'p999'] as const;

function latencyLines({ latencyMs }: TrialMetrics): string[] {
  return [
    figureLine('latency', `${'raw'.padEnd(12)}${'95 % interval'.padEnd(20)}certified (99 %)`),
    ...SHOWN.map((name) => {
      const { low, high } = latencyMs.intervals[name];
      const certified = latencyMs.certified[name];
      const side = (value: number | null): string => (value === null ? '?' : formatNumber(value));
      const cells = [
        `${formatNumber(latencyMs[name])} ms`.padEnd(12),
        `[${side(low)}, ${side(high)}]`.padEnd(20),
        certified === null ? 'too few queries' : `${formatNumber(certified)} ms`,
      ];
      return figureLine(`  ${name === 'p999' ? 'p99.9' : name}`, cells.join(''));
    }),
  ];
}

function boundLines({ latencyMs, unanswered }: TrialMetrics, scenario: Scenario): string[] {
  if (scenario.name !== 'server' || scenario.bound === null) return [];
  const { percentile, limitMs } = scenario.bound;
  const certified = latencyMs.certified[percentile];
  const holds = certified !== null && certified <= limitMs && unanswered === 0;
  return [
    figureLine(
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

const LABEL_WIDTH = 16;

/** A line of figures, all of which begin in one column. */
export function figureLine(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

import { formatBytes, formatDuration, formatNumber, formatPercent } from '../engine/base/units.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import { describeConstraint, meetsAll } from '../tuner/constraint.ts';
import { frontOf, type FrontArm } from '../tuner/front.ts';
import type { ArmMetrics, MeasuredArm, RunOutcome, RunRecord } from '../tuner/run-record.ts';
import { trialFigures } from '../tuner/observation.ts';
import { explanationLines } from '../tuner/explain.ts';
import { describeConfig, type WrittenResults } from './results.ts';

/** What a finished run found, for a person at a terminal. */
export function summarizeRun(
  run: RunRecord,
  trials: readonly TrialRecord[],
  written: WrittenResults & { readonly explains: boolean },
): string {
  const { outcome } = run;
  const head = `${run.workload.model.name} on ${run.host.cpu} (${run.host.usableCores} cores): ${trials.length} trials in ${formatDuration(run.spentMs)}`;
  return [
    head,
    ...run.workload.notes.map((note) => `  ${note}`),
    ...(run.workload.data.kind === 'random' ? [`  ${run.workload.data.description}`] : []),
    ...(run.constraints.length === 0
      ? []
      : [`  constraints: ${run.constraints.map(describeConstraint).join(', ')}`]),
    '',
    ...(outcome === null ? ['nothing was decided'] : outcomeLines(outcome)),
    ...(run.objective === 'pareto' ? frontLines(frontOf(trials, run.constraints)) : []),
    ...(written.explains ? explainLines(run) : []),
    '',
    `  report  ${written.report}`,
    ...(written.tuned === null ? [] : [`  tuned   ${written.tuned}`]),
  ].join('\n');
}

function frontLines(front: readonly FrontArm[]): string[] {
  return [
    '',
    '  front: nothing measured beats these in all that is sought',
    ...front.map(({ armKey, qps, memoryBytes, energy }) => {
      const joules =
        energy.state === 'unavailable' ? '' : `, ${formatNumber(energy.value)} J an inference`;
      return `    ${formatNumber(qps)} samples/s, ${formatBytes(memoryBytes)}${joules}: ${armKey}`;
    }),
  ];
}

function explainLines({ explanation }: RunRecord): string[] {
  if (explanation === null) return ['', '  why: there is too little to explain it'];
  return ['', '  why', ...explanationLines(explanation).map((line) => `    ${line}`)];
}

function outcomeLines(outcome: RunOutcome): string[] {
  switch (outcome.kind) {
    case 'nothing-feasible':
      return [
        `nothing is exported: ${outcome.reason}`,
        ...(outcome.nearest === null
          ? []
          : [`  nearest  ${describeConfig(outcome.nearest.config)}`]),
      ];
    case 'default':
      return [
        `the default stays: ${outcome.reason}`,
        '',
        `  default  ${describeConfig(outcome.baseline.config)}`,
        ...table(outcome.baseline, null),
      ];
    case 'winner':
      return [
        `winner: ${outcome.reason}`,
        '',
        `  winner   ${describeConfig(outcome.shipped.config)}`,
        `  default  ${describeConfig(outcome.baseline.config)}`,
        ...table(outcome.baseline, outcome.shipped),
      ];
  }
}

function table(baseline: MeasuredArm, winner: MeasuredArm | null): string[] {
  return armLines([
    ['default', baseline.metrics],
    ...(winner === null ? [] : [['winner', winner.metrics] as const]),
  ]);
}

const CELL_WIDTH = 30;

/** A table of figures, one column an arm. */
function armLines(columns: readonly (readonly [string, ArmMetrics])[]): string[] {
  const isLabelled = columns.some(([, metrics]) => metrics.quality.accuracy !== undefined);
  const isServed = columns.some(([, metrics]) => metrics.server !== undefined);
  const rows = [
    ...(isServed ? SERVER_FIGURES : []),
    ...FIGURES,
    ...(isLabelled ? [accuracyRow] : []),
  ];
  const line = (label: string, cells: readonly string[]): string =>
    `  ${label.padEnd(16)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd();
  return [
    '',
    ...(columns.length === 1
      ? []
      : [
          line(
            '',
            columns.map(([title]) => title),
          ),
        ]),
    ...rows.map(([label, cell]) =>
      line(
        label,
        columns.map(([, metrics]) => cell(metrics)),
      ),
    ),
  ];
}

type FigureRow = readonly [label: string, cell: (metrics: ArmMetrics) => string];

/** What the bound is about: requests that come one by one, when they come. */
const SERVER_FIGURES: readonly FigureRow[] = [
  ['single requests', ({ server }) => serverText(server)],
  ['  at that rate', ({ server }) => serverLatencyText(server)],
  ['full batches', () => ''],
];

function serverText(server: ArmMetrics['server']): string {
  if (server === undefined) return '';
  if (server.state === 'none') return 'no rate confirmed';
  const { percentile, limitMs } = server.bound;
  return `${formatNumber(server.ratePerSecond)}/s, ${percentile} < ${formatNumber(limitMs)} ms`;
}

function serverLatencyText(server: ArmMetrics['server']): string {
  if (server?.state !== 'found') return '';
  const { latencyMs, bound, certifiedMs } = server;
  return `p50 ${formatNumber(latencyMs.p50)}, ${bound.percentile} <= ${formatNumber(certifiedMs)} ms`;
}

const FIGURES: readonly FigureRow[] = [
  ['samples/s', ({ qps }) => `${formatNumber(qps.value)} ${intervalText(qps)}`],
  ['p50 a request', ({ latencyMs }) => `${formatNumber(latencyMs.p50)} ms`],
  [
    'p99 a request',
    ({ latencyMs }) =>
      `${formatNumber(latencyMs.p99)} ms${latencyMs.certified ? '' : ' (uncertified)'}`,
  ],
  ['memory', ({ memoryBytes }) => formatBytes(memoryBytes)],
  ['of it sessions', ({ sessionBytes }) => formatBytes(sessionBytes)],
];

const accuracyRow = [
  'accuracy',
  ({ quality }: ArmMetrics): string => formatPercent(quality.accuracy ?? 0),
] as const;

function intervalText({ low, high }: ArmMetrics['qps']): string {
  return high === null ? '(one trial)' : `[${formatNumber(low)}, ${formatNumber(high)}]`;
}

/** What an interrupted run has so far, and how to go on. */
export function summarizeInterruption(
  run: RunRecord,
  trials: readonly TrialRecord[],
  next: { readonly report: string; readonly goOn: string },
): string {
  // A rate that was tried is no throughput.
  const driven = trials.filter(({ purpose }) => purpose.kind !== 'probe');
  const completed = driven.filter((trial) => trial.state === 'completed');
  const best = completed
    .filter((trial) => meetsAll(trialFigures(trial), run.constraints))
    .reduce<CompletedTrial | null>(
      (top, trial) => (top === null || trial.metrics.qps > top.metrics.qps ? trial : top),
      null,
    );
  return [
    `stopped after ${trials.length} trials`,
    best === null
      ? '  no arm that meets the constraints was measured yet'
      : `  best so far (one trial, not verified): ${describeConfig(best.config)}: ${formatNumber(best.metrics.qps)} samples/s, p99 ${formatNumber(best.metrics.latencyMs.p99)} ms`,
    `  report   ${next.report}`,
    `  go on    ${next.goOn}`,
  ].join('\n');
}

import type { CompletedTrial, TrialRecord } from '../../suites/trial-record.ts';
import { describeWarning } from '../../suites/trial-findings.ts';
import { bytes, NOTHING, percent, rate, ratio } from '../figure-format.ts';
import { html } from '../html.ts';
import { KNOBS, type Knob, knobText } from '../knobs.ts';
import { highlightOf, type RunView } from '../run-view.ts';
import { joules } from './figures-table.ts';
import { type Cell, type Column, type DataTable, dataTable } from './data-table.ts';
import { reasonOf } from './trial-reasons.ts';

/** Every trial, in the order in which it ran. */
export function trialsTable(view: RunView): DataTable {
  const highlight = highlightOf(view);
  return dataTable(columnsOf(view), view.trials, {
    caption: 'Every trial of the run',
    rowClass: (trial) => {
      if (trial.state !== 'completed') return 'failed';
      if (trial.armKey === highlight?.armKey) return 'highlight';
      return trial.armKey === view.defaultKey ? 'default' : '';
    },
  });
}

function columnsOf(view: RunView): readonly Column<TrialRecord>[] {
  return [
    { title: '#', numeric: true, keep: true, cell: (trial) => plain(trial.sequence) },
    { title: 'Arm', numeric: false, keep: true, cell: (trial) => text(roleOf(view, trial)) },
    { title: 'Purpose', numeric: false, cell: (trial) => text(purposeOf(trial)) },
    { title: 'State', numeric: false, cell: (trial) => text(trial.state) },
    ...mainColumns(view),
    ...KNOBS.map(knobColumn),
    ...furtherColumns(),
    {
      title: 'Cost s',
      numeric: true,
      cell: (trial) => number(trial.costMs, (ms) => (ms / 1e3).toFixed(1)),
    },
    { title: 'Started UTC', numeric: false, cell: startedCell },
    ...versionColumns(view),
    { title: 'Notes', numeric: false, cell: notesCell },
  ];
}

/** What a reader compares, right after the arm. */
function mainColumns(view: RunView): readonly Column<TrialRecord>[] {
  const base = view.baseline?.qps.value ?? Number.NaN;
  return [
    { ...figure('Samples/s', (trial) => trial.metrics.qps, rate), keep: true },
    // A rate that was asked for is no throughput.
    figure(
      '× default',
      ({ purpose, metrics }) => (purpose.kind === 'probe' ? Number.NaN : metrics.qps / base),
      ratio,
    ),
    figure('p50 ms', (trial) => trial.metrics.latencyMs.p50, bareMilliseconds),
    figure('p90 ms', (trial) => trial.metrics.latencyMs.p90, bareMilliseconds),
    { ...figure('p99 ms', (trial) => trial.metrics.latencyMs.p99, bareMilliseconds), keep: true },
    figure('Memory', (trial) => trial.metrics.memoryBytes, bytes),
  ];
}

function furtherColumns(): readonly Column<TrialRecord>[] {
  return [
    figure('Session', (trial) => trial.metrics.sessionBytes, bytes),
    figure('Accuracy', (trial) => trial.metrics.quality.accuracy?.value ?? Number.NaN, percent),
    energyColumn(),
    figure(
      'CPU cores',
      (trial) => trial.metrics.cpuUtilisation,
      (value) => value.toFixed(2),
    ),
    figure('Create ms', (trial) => trial.metrics.cold.createMs, bareMilliseconds),
    figure('First ms', (trial) => trial.metrics.cold.firstInferenceMs, bareMilliseconds),
  ];
}

function bareMilliseconds(ms: number): string {
  return ms < 1000 ? ms.toPrecision(3) : rate(ms);
}

/** A figure of trials that count: those of an invalid one are kept in its record, and not used. */
function figure(
  title: string,
  read: (trial: CompletedTrial) => number,
  format: (value: number) => string,
): Column<TrialRecord> {
  return {
    title,
    numeric: true,
    cell: (trial) => number(trial.state === 'completed' ? read(trial) : Number.NaN, format),
  };
}

function energyColumn(): Column<TrialRecord> {
  return {
    title: 'Energy per sample',
    numeric: true,
    cell: (trial) => {
      if (trial.state !== 'completed') return { content: NOTHING, sort: null };
      const energy = trial.metrics.energyJPerInference;
      if (energy.state === 'unavailable') {
        return { content: `unavailable: ${energy.reason}`, sort: null };
      }
      if (energy.state === 'measured') return number(energy.value, joules);
      return { content: `estimated: ${joules(energy.value)}`, sort: energy.value };
    },
  };
}

function knobColumn(knob: Knob): Column<TrialRecord> {
  const numeric = (value: unknown): boolean => typeof value === 'number';
  return {
    title: knob.short,
    fullTitle: knob.title,
    numeric: ['replicas', 'intraOpThreads', 'batch.maxSize', 'batch.maxDelayMs'].includes(
      knob.name,
    ),
    cell: (trial) => {
      const value = knob.read(trial.config);
      return numeric(value) ? plain(Number(value)) : text(knobText(value));
    },
  };
}

function versionColumns({ run: { host } }: RunView): readonly Column<TrialRecord>[] {
  return [
    { title: 'Runtime', numeric: false, cell: (trial) => text(trial.versions.onnxruntime) },
    { title: 'Node', numeric: false, cell: (trial) => text(trial.versions.node) },
    { title: 'OpenClaw', numeric: false, cell: (trial) => text(trial.versions.openclaw) },
    {
      title: 'Host',
      numeric: false,
      // A machine that the run does not know has only its key.
      cell: ({ hostKey }) => text(hostKey === host.key ? host.name : hostKey),
    },
  ];
}

function roleOf(view: RunView, trial: TrialRecord): string {
  if (trial.armKey === view.defaultKey) return 'default';
  const highlight = highlightOf(view);
  return trial.armKey === highlight?.armKey ? highlight.name : '';
}

function purposeOf({ purpose }: TrialRecord): string {
  if (purpose.kind === 'probe') return `server, ${rate(purpose.ratePerSecond)}/s`;
  return purpose.kind === 'verify' ? `verify, pair ${purpose.pair + 1}` : purpose.kind;
}

function notesCell(trial: TrialRecord): Cell {
  const reason = reasonOf(trial);
  const warnings = trial.warnings.map(describeWarning);
  const lines = reason === undefined ? warnings : [reason, ...warnings];
  if (lines.length === 0) return { content: '', sort: null };
  const all = lines.join('; ');
  return { content: html`<div title="${all}">${all}</div>`, sort: all };
}

/** Month, day and time: a run takes minutes, a resumed one may take days. */
function startedCell({ startedAt }: TrialRecord): Cell {
  const match = /^\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(startedAt);
  return { content: match === null ? startedAt : `${match[1]} ${match[2]}`, sort: startedAt };
}

function text(value: string): Cell {
  return { content: value, sort: value };
}

function plain(value: number): Cell {
  return { content: String(value), sort: value };
}

function number(value: number, format: (value: number) => string): Cell {
  if (!Number.isFinite(value)) return { content: NOTHING, sort: null };
  return { content: format(value), sort: value };
}

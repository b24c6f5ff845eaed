import type { Constraint } from '../../tuner/run-record.ts';
import type { ArmFigures, Energy } from '../arm-figures.ts';
import type { Comparison } from '../comparison.ts';
import { checkConstraint } from '../constraint-check.ts';
import {
  bytes,
  change,
  isInterval,
  milliseconds,
  NOTHING,
  percent,
  rate,
  ratio,
} from '../figure-format.ts';
import { html, type Html, type HtmlValue } from '../html.ts';
import { comparisonHeading } from './comparison-heading.ts';
import { figureNotes } from './figure-notes.ts';

/** The figures of both arms and the change between them. */
export function figuresTable(comparison: Comparison, constraints: readonly Constraint[]): Html {
  return html`<table class="compare">
      <caption>
        Measured
      </caption>
      ${comparisonHeading(comparison, true)}
      <tbody>
        ${serverRow(comparison)} ${throughputRow(comparison)}
        ${(['p50', 'p90', 'p99'] as const).map((percentile) => latencyRow(comparison, percentile, constraints))}
        ${bytesRow(comparison, 'Memory', 'memoryBytes', brokenBy(comparison, constraints, 'memory'))}
        ${bytesRow(comparison, 'Session memory', 'sessionBytes', [false, false])}
        ${accuracyRow(comparison, constraints)} ${energyRow(comparison)}
      </tbody>
    </table>
    ${figureNotes(comparison, constraints)}`;
}

interface FigureRow {
  readonly title: HtmlValue;
  readonly show: (arm: ArmFigures) => HtmlValue;
  /** Text of the last column; undefined leaves it empty. */
  readonly change?: ((before: ArmFigures, after: ArmFigures) => string) | undefined;
  /** Whether the default and the other arm break a bound with this figure. */
  readonly broken?: readonly [boolean, boolean];
}

function figureRow({ before, after }: Comparison, row: FigureRow): Html {
  const cell = (arm: ArmFigures | undefined, broken: boolean | undefined): HtmlValue =>
    arm !== undefined && html`<td${broken === true && html` class="broken"`}>${row.show(arm)}</td>`;
  const both = before !== undefined && after !== undefined;
  return html`<tr>
    <th scope="row">${row.title}</th>
    ${cell(before, row.broken?.[0])}${cell(after, row.broken?.[1])}
    ${both && html`<td class="change">${row.change?.(before, after)}</td>`}
  </tr>`;
}

/** What the bound is about, where that was measured. */
function serverRow(comparison: Comparison): HtmlValue {
  const { before, after } = comparison;
  const bound = (before?.server ?? after?.server)?.bound;
  if (bound === undefined) return undefined;
  const title = `single requests/s, ${bound.percentile} < ${milliseconds(bound.limitMs)}`;
  return figureRow(comparison, {
    title: html`Served <small>${title}</small>`,
    show: ({ server }) => serverText(server),
    change: (left, right) => {
      const times = servedRate(right) / servedRate(left);
      return Number.isFinite(times) ? `${ratio(times)} ×` : NOTHING;
    },
  });
}

function serverText(server: ArmFigures['server']): HtmlValue {
  if (server === undefined) return 'not measured';
  if (server.state === 'none') return 'no rate confirmed';
  return html`<strong>${rate(server.ratePerSecond)}</strong>
    <small class="interval"
      >${server.bound.percentile} ≤ ${milliseconds(server.certifiedMs)}</small
    >`;
}

function servedRate({ server }: ArmFigures): number {
  return server?.state === 'found' ? server.ratePerSecond : Number.NaN;
}

function throughputRow(comparison: Comparison): Html {
  return figureRow(comparison, {
    title: html`Throughput <small>samples/s, full batches</small>`,
    show: ({ qps }) =>
      html`<strong>${rate(qps.value)}</strong>${
          isInterval(qps) &&
          html` <small class="interval">[${rate(qps.low)}, ${rate(qps.high)}]</small>`
        }`,
    change: (before, after) => `${ratio(after.qps.value / before.qps.value)} ×`,
  });
}

function latencyRow(
  comparison: Comparison,
  percentile: 'p50' | 'p90' | 'p99',
  constraints: readonly Constraint[],
): Html {
  return figureRow(comparison, {
    title: html`Latency ${percentile}`,
    show: (arm) => {
      const value = arm.latencyMs[percentile] ?? Number.NaN;
      return html`${milliseconds(value)}${!arm.certified && html`<abbr title="uncertified">*</abbr>`}`;
    },
    change: (before, after) =>
      change(before.latencyMs[percentile] ?? Number.NaN, after.latencyMs[percentile] ?? Number.NaN),
    broken: brokenBy(comparison, constraints, 'latency', percentile),
  });
}

function bytesRow(
  comparison: Comparison,
  title: string,
  field: 'memoryBytes' | 'sessionBytes',
  broken: readonly [boolean, boolean],
): Html {
  return figureRow(comparison, {
    title,
    show: (arm) => bytes(arm[field]),
    change: (before, after) => change(before[field], after[field]),
    broken,
  });
}

function accuracyRow(comparison: Comparison, constraints: readonly Constraint[]): HtmlValue {
  const { before, after } = comparison;
  if (before?.accuracy === undefined && after?.accuracy === undefined) return undefined;
  return figureRow(comparison, {
    title: 'Accuracy',
    show: (arm) => (arm.accuracy === undefined ? 'not measured' : percent(arm.accuracy)),
    change: (left, right) => points(left.accuracy, right.accuracy),
    broken: brokenBy(comparison, constraints, 'accuracy'),
  });
}

function points(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined) return '';
  const difference = Number(((after - before) * 100).toFixed(1));
  if (difference === 0) return '±0 points';
  return `${difference > 0 ? '+' : '−'}${Math.abs(difference)} points`;
}

function energyRow(comparison: Comparison): Html {
  return figureRow(comparison, {
    title: 'Energy per sample',
    show: ({ energy }) => energyText(energy),
    change: (left, right) => change(energyValue(left.energy), energyValue(right.energy)),
  });
}

/** Of a sample, and the mean power under the load that it comes from. */
function energyText(energy: Energy): HtmlValue {
  if (energy.state === 'unavailable') return 'unavailable';
  const watts = html` <small>${Number(energy.watts.toPrecision(3))} W</small>`;
  return html`${energy.state === 'estimated' && 'estimated '}${joules(energy.value)}${watts}`;
}

/** An estimate is not compared. */
function energyValue(energy: Energy): number {
  return energy.state === 'measured' ? energy.value : Number.NaN;
}

/** `3.1 mJ`: a sample takes millijoules on most machines. */
export function joules(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  return value < 1
    ? `${Number((value * 1e3).toPrecision(3))} mJ`
    : `${Number(value.toPrecision(3))} J`;
}

/** Whether each arm breaks a bound of this kind, so that its figure can be marked. */
function brokenBy(
  { before, after }: Comparison,
  constraints: readonly Constraint[],
  kind: Constraint['kind'],
  percentile?: string,
): readonly [boolean, boolean] {
  const relevant = constraints.filter(
    (item) => item.kind === kind && (item.kind !== 'latency' || item.percentile === percentile),
  );
  const breaks = (arm: ArmFigures | undefined): boolean =>
    arm !== undefined && relevant.some((item) => !checkConstraint(item, arm).met);
  return [breaks(before), breaks(after)];
}

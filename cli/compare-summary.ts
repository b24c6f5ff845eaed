import { describeBound } from '../tuner/compare/common-bound.ts';
import type { HostComparison } from '../tuner/compare/comparison.ts';
import { figureRows } from '../reports/compare/host-figures.ts';
import { answers, breakEvenRows, headline } from '../reports/compare/comparison-text.ts';

const MARK = '*';

/** What a comparison says, for a terminal: a block a host, then the orders. */
export function summarizeComparison(
  comparison: HostComparison,
  written: readonly string[],
): string {
  const { model, runtime, load, constraints } = comparison;
  return [
    headline(comparison),
    `${model.name}, ${runtime}; ${describeBound(constraints)}; load: ${load}`,
    ...comparison.hosts.flatMap((_, index) => ['', ...hostLines(comparison, index)]),
    '',
    ...answers(comparison),
    ...breakEvenLines(comparison),
    ...comparison.flags.map((flag) => `warning: ${flag}`),
    '',
    ...written,
  ].join('\n');
}

function hostLines(comparison: HostComparison, index: number): string[] {
  const found = comparison.hosts[index];
  if (found === undefined) return [];
  const { id, host, notes } = found;
  const rows = figureRows(comparison);
  const width = Math.max(...rows.map(({ title }) => title.length));
  return [
    `${id} (${host.cpu}, ${host.usableCores} of ${host.cores} cores)`,
    ...rows.map(({ title, cells, best }) => {
      const first = best === index ? ` ${MARK}first` : '';
      return `  ${title.padEnd(width)}  ${cells[index] ?? ''}${first}`;
    }),
    ...notes.map((note) => `  note: ${note}`),
  ];
}

function breakEvenLines(comparison: HostComparison): string[] {
  return comparison.breakEvens.flatMap((even) => [
    `${even.challenger} would cost as little as ${even.leader} at, one thing changed:`,
    ...breakEvenRows(comparison, even).map(({ what, at }) => `  ${what}: ${at}`),
  ]);
}

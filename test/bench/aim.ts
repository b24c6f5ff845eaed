import { formatNumber } from '../../engine/base/units.ts';

/** Prints a figure beside what it should be; a missed one makes the benchmark exit with 1. */
export function report(
  what: string,
  figure: {
    readonly value: number;
    readonly unit: string;
    readonly aim: string;
    readonly met: boolean;
  },
): void {
  const verdict = figure.met ? 'met' : 'MISSED';
  console.log(
    `${what}: ${formatNumber(figure.value)} ${figure.unit} (aim ${figure.aim}: ${verdict})`,
  );
  if (!figure.met) process.exitCode = 1;
}

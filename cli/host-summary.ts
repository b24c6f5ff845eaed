import { formatPercent } from '../engine/base/units.ts';
import { COMPARED_METRIC_NAMES } from '../suites/comparison/margins.ts';
import { ageText } from '../suites/comparison/noise-floor.ts';
import type { Advice } from '../hosts/profile/advice.ts';
import type { Capability } from '../hosts/profile/capabilities.ts';
import { known, unavailable } from '../hosts/profile/known.ts';
import type { HostReport } from './host-report.ts';
import { identityRows, stateRows, type Row } from './host-rows.ts';

/** What a machine is, for a person at a terminal of 80 columns. */
export function summarizeHost(report: HostReport): string {
  return [
    'this machine',
    ...identityRows(report).flatMap(row),
    '',
    'its state now',
    ...stateRows(report).flatMap(row),
    '',
    'what it can measure',
    ...report.capabilities.flatMap(capabilityRow),
    '',
    'what it can measure of power',
    ...powerCapabilities(report).flatMap(capabilityRow),
    '',
    ...noiseLines(report),
    '',
    ...adviceLines(report.advice),
  ].join('\n');
}

function powerCapabilities({ sensors, missingSensors }: HostReport): Capability[] {
  return [
    ...sensors.map(({ id, scope, quality }) => ({
      topic: id,
      answer: known(`${scope}, ${quality}`),
    })),
    ...missingSensors
      // A model of the processor measures nothing: that it is not asked for is no news.
      .filter(({ kind }) => kind !== 'estimate')
      .map(({ kind, reason }) => ({ topic: kind, answer: unavailable(reason) })),
  ];
}

function capabilityRow({ topic, answer }: Capability): string[] {
  const text = answer.state === 'known' ? `yes  ${answer.value}` : `no   ${answer.reason}`;
  return hanging(`  ${topic.padEnd(CAPABILITY_WIDTH - 1)} `, text, CAPABILITY_WIDTH + 7);
}

/** What this machine cannot tell apart. */
function noiseLines({ noise, environment }: HostReport): string[] {
  if (noise === null) {
    return ['how noisy it is', ...row(['not measured', 'claw host --noise measures it in 20 s'])];
  }
  const { metrics, blocks } = noise;
  const figures = COMPARED_METRIC_NAMES.flatMap((metric) => {
    const found = metrics[metric];
    if (found === undefined) return [];
    const text = `differences below ${formatPercent(found.floor)} mean nothing here (a block varies by ${formatPercent(found.blockSd)})`;
    return row([metric, text]);
  });
  return [
    `how noisy it is (${blocks} blocks of the same against itself, ${ageText(noise.measuredAt, Math.max(Date.parse(environment.takenAt), Date.parse(noise.measuredAt)))})`,
    ...figures,
  ];
}

function adviceLines(advice: readonly Advice[]): string[] {
  if (advice.length === 0) return ['nothing is known to stand in the way of measuring here'];
  return [
    'before you trust a measurement here',
    ...advice.flatMap(({ topic, severity, text, remedy }) => [
      ...row([topic, `${severity === 'warn' ? 'warning: ' : ''}${text}`]),
      ...(remedy === null ? [] : row(['', `-> ${remedy}`])),
    ]),
  ];
}

const COLUMNS = 80;
const LABEL_WIDTH = 14;
const CAPABILITY_WIDTH = 32;

function row([label, text]: Row): string[] {
  return hanging(`  ${label.padEnd(LABEL_WIDTH)}`, text, LABEL_WIDTH + 2);
}

/** Breaks a text at spaces; what follows the first line is indented. */
function hanging(head: string, text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = head;
  let isFresh = true;
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    if (!isFresh && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = ' '.repeat(indent);
      isFresh = true;
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  return [...lines, line];
}

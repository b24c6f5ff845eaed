import { formatBytes, formatNumber, formatPercent } from '../engine/base/units.ts';
import type { HostProfile } from '../hosts/host-profile.ts';
import type { SensorLabel, UnavailableSensor } from '../hosts/power/power-sensor.ts';
import type { Advice } from '../hosts/profile/advice.ts';
import type { Capability } from '../hosts/profile/capabilities.ts';
import { expandList } from '../hosts/profile/cpu-state.ts';
import type { EnvironmentChange } from '../hosts/profile/environment-change.ts';
import type { HostEnvironment } from '../hosts/profile/environment-record.ts';
import { known, unavailable, type Known } from '../hosts/profile/known.ts';

/** The document of `claw host --json`. */
export interface HostReport {
  readonly schema: 'openclaw.host/1';
  readonly profile: HostProfile;
  readonly environment: HostEnvironment;
  /** What the machine did during half a second in which we did nothing. */
  readonly recent: EnvironmentChange;
  readonly capabilities: readonly Capability[];
  /** Sensors of power and energy that work now. */
  readonly sensors: readonly Pick<SensorLabel, 'id' | 'kind' | 'scope' | 'quality'>[];
  readonly missingSensors: readonly UnavailableSensor[];
  readonly advice: readonly Advice[];
}

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
    ...adviceLines(report.advice),
  ].join('\n');
}

type Row = readonly [label: string, text: string];

function identityRows({ profile, environment }: HostReport): Row[] {
  return [
    ['processor', `${profile.cpu} (${profile.architecture})`],
    ['instructions', profile.isa.length === 0 ? 'none that matter here' : profile.isa.join(' ')],
    ['cores', coresText(profile, environment)],
    ['memory', memoryText(profile, environment)],
    ['system', `${profile.os}, ${profile.kernel}`],
    ['runs on', platformText(environment)],
    ['name', profile.name],
    ['key', `${profile.key} (stays the same through upgrades)`],
  ];
}

function coresText(profile: HostProfile, { cpu, controlGroup }: HostEnvironment): string {
  const { cores, usableCores } = profile;
  if (usableCores >= cores) return `${cores}, all usable`;
  const quota = valueOf(controlGroup.quotaCores);
  const causes = [
    ...(cpu.affinity.state === 'known' && expandList(cpu.affinity.value).length < cores
      ? [`the affinity mask allows ${cpu.affinity.value}`]
      : []),
    ...(typeof quota === 'number' ? [`the CPU quota allows ${formatNumber(quota)}`] : []),
  ];
  return `${cores}, of which ${usableCores} usable${causes.length === 0 ? '' : `: ${causes.join(', ')}`}`;
}

function memoryText({ memoryBytes }: HostProfile, { controlGroup }: HostEnvironment): string {
  const limit = valueOf(controlGroup.memoryLimitBytes);
  const isLimited = typeof limit === 'number' && limit < memoryBytes;
  return `${formatBytes(memoryBytes)}${isLimited ? `, limited to ${formatBytes(limit)}` : ''}`;
}

function platformText({ hypervisor, container }: HostEnvironment): string {
  const machine = told(hypervisor, (name) => {
    if (name === null) return 'bare metal';
    return name === 'unnamed' ? 'a virtual machine' : `a virtual machine (${name})`;
  });
  const kind = valueOf(container);
  return typeof kind === 'string' ? `${machine}, in a container (${kind})` : machine;
}

/** What is not known and stands below with its reason is left out, but for the governor. */
function stateRows({ environment, recent }: HostReport): Row[] {
  const { cpu, ticks } = environment;
  const share = (fraction: number): string => formatPercent(fraction);
  const sinceStart =
    ticks.state === 'known' ? ` (${share(ticks.value.steal / ticks.value.total)} since start)` : '';
  return [
    ['busy', told(recent.busyShare, (busy) => `${share(busy)} of the cores`)],
    [
      'load',
      told(
        environment.loadAverage,
        (load) => `${load.map((tasks) => tasks.toFixed(2)).join(' ')} (over 1, 5, 15 minutes)`,
      ),
    ],
    ['pressure', pressureText(recent)],
    ['steal', told(recent.stealShare, (steal) => `${share(steal)}${sinceStart}`)],
    ['governor', told(cpu.governor, (governor) => governor)],
    ...(cpu.frequenciesMhz.state === 'known'
      ? [['frequency', frequencyText(cpu.frequenciesMhz.value)] as const]
      : []),
    ...(cpu.boost.state === 'known' ? [['boost', cpu.boost.value ? 'on' : 'off'] as const] : []),
    ...(environment.hottest.state === 'known'
      ? [['temperature', temperatureText(environment.hottest.value)] as const]
      : []),
    [
      'swap',
      told(environment.swapUsedBytes, (used) => `${used === 0 ? 'none' : formatBytes(used)} used`),
    ],
  ];
}

function pressureText({ pressure }: EnvironmentChange): string {
  if (pressure.cpu.state === 'unavailable') return told(pressure.cpu, () => '');
  const part = (what: string, share: EnvironmentChange['pressure']['cpu']): string =>
    `${what} ${told(share, ({ some }) => formatPercent(some))}`;
  const parts = [
    part('cores', pressure.cpu),
    part('memory', pressure.memory),
    part('disks', pressure.io),
  ];
  return `tasks waited for ${parts.join(', ')} of the time`;
}

function temperatureText({
  celsius,
  name,
}: {
  readonly celsius: number;
  readonly name: string;
}): string {
  return `${formatNumber(celsius)} °C (${name})`;
}

function frequencyText(frequenciesMhz: readonly number[]): string {
  const [low, high] = [Math.min(...frequenciesMhz), Math.max(...frequenciesMhz)].map(Math.round);
  return low === high ? `${low} MHz` : `${low} to ${high} MHz`;
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
  return hanging(`  ${topic.padEnd(CAPABILITY_WIDTH)}`, text, CAPABILITY_WIDTH + 7);
}

function adviceLines(advice: readonly Advice[]): string[] {
  if (advice.length === 0) return ['nothing stands in the way of measuring here'];
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

function told<T>(fact: Known<T>, show: (value: T) => string): string {
  return fact.state === 'known' ? show(fact.value) : `not known: ${fact.reason}`;
}

function valueOf<T>(fact: Known<T>): T | undefined {
  return fact.state === 'known' ? fact.value : undefined;
}

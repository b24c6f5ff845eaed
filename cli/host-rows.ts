import { formatBytes, formatNumber, formatPercent } from '../engine/base/units.ts';
import type { HostProfile } from '../hosts/host-profile.ts';
import { expandList } from '../hosts/profile/cpu-state.ts';
import type { EnvironmentChange } from '../hosts/profile/environment-change.ts';
import type { HostEnvironment } from '../hosts/profile/environment-record.ts';
import { mapKnown, type Known } from '../hosts/profile/known.ts';
import type { HostReport } from './host-report.ts';

/** A label and what stands beside it. */
export type Row = readonly [label: string, text: string];

/** What the machine is. */
export function identityRows({ profile, environment }: HostReport): Row[] {
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
  const mask = valueOf(cpu.affinity);
  const isMasked = mask !== undefined && expandList(mask).length < cores;
  const isLimited = typeof quota === 'number' && quota < cores;
  const causes = [
    ...(isMasked ? [`the affinity mask allows ${mask}`] : []),
    ...(isLimited ? [`the CPU quota allows ${formatNumber(quota)}`] : []),
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

/** What it does now. What is not known is left out where the capabilities give the reason. */
export function stateRows({ environment, recent }: HostReport): Row[] {
  const { cpu } = environment;
  return [
    ['busy', told(recent.busyShare, (busy) => `${formatPercent(busy)} of the cores`)],
    ['load', told(environment.loadAverage, loadText)],
    ['pressure', pressureText(recent)],
    ['steal', stealText(environment, recent)],
    ['governor', told(cpu.governor, (governor) => governor)],
    ...rowIfKnown('frequency', cpu.frequenciesMhz, frequencyText),
    ...rowIfKnown('boost', cpu.boost, (isOn) => (isOn ? 'on' : 'off')),
    ...rowIfKnown('temperature', environment.hottest, temperatureText),
    ['swap', told(environment.swapUsedBytes, swapText)],
  ];
}

function rowIfKnown<T>(label: string, fact: Known<T>, show: (value: T) => string): Row[] {
  return fact.state === 'known' ? [[label, show(fact.value)]] : [];
}

function loadText(loads: readonly number[]): string {
  return `${loads.map((tasks) => tasks.toFixed(2)).join(' ')} (over 1, 5, 15 minutes)`;
}

function stealText({ ticks }: HostEnvironment, { stealShare }: EnvironmentChange): string {
  const sinceStart = valueOf(
    mapKnown(ticks, ({ steal, total }) => ` (${formatPercent(steal / total)} since start)`),
  );
  return told(stealShare, (share) => `${formatPercent(share)}${sinceStart ?? ''}`);
}

function swapText(bytes: number): string {
  return bytes === 0 ? 'none used' : `${formatBytes(bytes)} used`;
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

function temperatureText(top: { readonly celsius: number; readonly name: string }): string {
  return `${formatNumber(top.celsius)} °C (${top.name})`;
}

function frequencyText(frequenciesMhz: readonly number[]): string {
  const [low, high] = [Math.min(...frequenciesMhz), Math.max(...frequenciesMhz)].map(Math.round);
  return low === high ? `${low} MHz` : `${low} to ${high} MHz`;
}

function told<T>(fact: Known<T>, show: (value: T) => string): string {
  return fact.state === 'known' ? show(fact.value) : `not known: ${fact.reason}`;
}

function valueOf<T>(fact: Known<T>): T | undefined {
  return fact.state === 'known' ? fact.value : undefined;
}

import { formatBytes, formatNumber, formatPercent } from '../../engine/base/units.ts';
import type { HostProfile } from '../host-profile.ts';
import { expandList } from './cpu-state.ts';
import type { EnvironmentChange } from './environment-change.ts';
import type { HostEnvironment } from './environment-record.ts';
import type { Known } from './known.ts';

/** What to change before a measurement on this machine is trusted. */
export interface Advice {
  readonly topic: string;
  /** `warn`: figures will be wrong or scatter. `note`: good to know when reading them. */
  readonly severity: 'note' | 'warn';
  readonly text: string;
  /** What to do, or null where nothing on this machine helps. */
  readonly remedy: string | null;
}

export interface AdviceFacts {
  readonly profile: HostProfile;
  readonly environment: HostEnvironment;
  /** What happened in a short time while we did nothing. */
  readonly recent: EnvironmentChange;
  /** Why kinds of power sensors are missing; empty where they were not looked for. */
  readonly missingSensors: readonly { readonly kind: string; readonly reason: string }[];
}

/** Warnings first, each in the order of how often it spoils a measurement. */
export function adviseHost(facts: AdviceFacts): readonly Advice[] {
  const all = RULES.flatMap((rule) => rule(facts));
  return [
    ...all.filter(({ severity }) => severity === 'warn'),
    ...all.filter(({ severity }) => severity === 'note'),
  ];
}

type Rule = (facts: AdviceFacts) => readonly Advice[];

const RULES: readonly Rule[] = [
  governorAdvice,
  quotaAdvice,
  throttlingAdvice,
  heatAdvice,
  loadAdvice,
  stallAdvice,
  swapAdvice,
  stealAdvice,
  powercapAdvice,
  boostAdvice,
  smtAdvice,
  virtualMachineAdvice,
];

function governorAdvice({ environment }: AdviceFacts): Advice[] {
  const governor = valueOf(environment.cpu.governor);
  if (governor === undefined || governor === 'performance') return [];
  const text = `The frequency governor is '${governor}': cores speed up only after work has begun, by a different amount each time.`;
  return [warn('governor', text, 'sudo cpupower frequency-set -g performance')];
}

function quotaAdvice({ profile, environment }: AdviceFacts): Advice[] {
  const affinity = valueOf(environment.cpu.affinity);
  const cores = affinity === undefined ? profile.cores : expandList(affinity).length;
  const quota = valueOf(environment.controlGroup.quotaCores);
  if (quota === undefined || quota === null) return [];
  const limit = `${formatNumber(quota)} ${quota === 1 ? 'core' : 'cores'}`;
  const whole = Math.max(1, Math.floor(quota));
  const list = whole === 1 ? '0' : `0-${whole - 1}`;
  const remedy = `give whole cores of its own, such as: docker run --cpuset-cpus ${list}`;
  if (!Number.isInteger(quota)) {
    const text = `The CPU quota is ${limit}: a fraction of a core is stopped and started again, which shows in p99.`;
    return [warn('quota', text, remedy)];
  }
  if (quota >= cores) return [];
  const text = `The CPU quota is ${limit}, and ${cores} may be used: more busy threads than that are all stopped for the rest of a period.`;
  return [note('quota', text, remedy)];
}

function throttlingAdvice({ environment, recent }: AdviceFacts): Advice[] {
  const counters = valueOf(environment.controlGroup.throttling);
  if (counters === undefined || counters.throttledPeriods === 0) return [];
  const share = formatPercent(counters.throttledPeriods / Math.max(1, counters.periods));
  const isNow = (valueOf(recent.throttledPeriods) ?? 0) > 0;
  const text = `The CPU quota has stopped this control group in ${share} of its periods${isNow ? ', and does so now' : ''}.`;
  return [warn('throttling', text, 'raise the quota, or use fewer threads and replicas')];
}

function heatAdvice({ environment, recent }: AdviceFacts): Advice[] {
  const count = valueOf(environment.thermalThrottles) ?? 0;
  if ((valueOf(recent.thermalThrottles) ?? 0) > 0) {
    const text = 'The processor is being slowed down by heat right now.';
    return [warn('heat', text, 'let it cool down; look at fans, dust and the power limit')];
  }
  if (count === 0) return [];
  const text = `Heat has slowed the processor down since it started (${formatNumber(count)} events counted).`;
  return [note('heat', text, 'look at fans, dust and the power limit before long runs')];
}

const MAX_BUSY_SHARE = 0.05;
const MAX_STALL_SHARE = 0.01;
const MAX_SWAP_SHARE = 0.01;

function loadAdvice({ recent }: AdviceFacts): Advice[] {
  const waiting = valueOf(recent.pressure.cpu)?.some ?? 0;
  const busy = valueOf(recent.busyShare) ?? 0;
  if (waiting <= MAX_BUSY_SHARE && busy <= MAX_BUSY_SHARE) return [];
  const text = `Other programs use ${formatPercent(busy)} of the cores, and tasks wait for a core ${formatPercent(waiting)} of the time.`;
  return [warn('load', text, 'stop them, or wait; `top` shows which they are')];
}

function stallAdvice({ recent }: AdviceFacts): Advice[] {
  return (['memory', 'io'] as const).flatMap((resource) => {
    const some = valueOf(recent.pressure[resource])?.some ?? 0;
    if (some <= MAX_STALL_SHARE) return [];
    const what = resource === 'io' ? 'a disk' : 'memory';
    const text = `Tasks wait for ${what} ${formatPercent(some)} of the time.`;
    return [
      warn(
        resource,
        text,
        `stop what uses it: a trial above ${formatPercent(MAX_STALL_SHARE)} does not count`,
      ),
    ];
  });
}

/** A little is pages of idle programs, which few trials will want back. */
function swapAdvice({ profile, environment }: AdviceFacts): Advice[] {
  const bytes = valueOf(environment.swapUsedBytes) ?? 0;
  if (bytes === 0) return [];
  const text = `${formatBytes(bytes)} of memory are swapped out: a page that comes back in the middle of a trial takes milliseconds.`;
  const remedy = 'free memory, then: sudo swapoff -a && sudo swapon -a';
  const isMuch = bytes > MAX_SWAP_SHARE * profile.memoryBytes;
  return [isMuch ? warn('swap', text, remedy) : note('swap', text, remedy)];
}

function stealAdvice({ environment, recent }: AdviceFacts): Advice[] {
  const now = valueOf(recent.stealShare) ?? 0;
  const ticks = valueOf(environment.ticks);
  const always = ticks === undefined ? 0 : ticks.steal / Math.max(1, ticks.total);
  if (now <= MAX_STALL_SHARE && always <= MAX_STALL_SHARE) return [];
  const text = `The hypervisor takes ${formatPercent(now)} of the CPU time now, and ${formatPercent(always)} since the start.`;
  return [warn('steal', text, 'use a machine with dedicated cores, or measure at another hour')];
}

/** Closed to users since CVE-2020-8694: who reads them can guess what others compute. */
function powercapAdvice({ missingSensors }: AdviceFacts): Advice[] {
  const isRefused = missingSensors.some(
    ({ kind, reason }) => kind === 'rapl' && /may be read by root only/.test(reason),
  );
  if (!isRefused) return [];
  const text = 'The energy counters of the processor are there, and only root may read them.';
  const remedy = 'until the next start: sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj';
  return [note('energy', text, remedy)];
}

function boostAdvice({ environment }: AdviceFacts): Advice[] {
  if (valueOf(environment.cpu.boost) !== true) return [];
  const text =
    'Boost is on: the clock depends on temperature and on how many cores work. Production runs like that; figures scatter more.';
  const isIntel = valueOf(environment.cpu.scalingDriver) === 'intel_pstate';
  const command = isIntel
    ? 'echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo'
    : 'echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost';
  return [note('boost', text, `to tell smaller differences apart: ${command}`)];
}

function smtAdvice({ environment }: AdviceFacts): Advice[] {
  if (valueOf(environment.cpu.smt) !== true) return [];
  const text =
    'The cores listed are hardware threads that share physical cores (SMT): all of them together are not twice as fast as half of them.';
  return [note('smt', text, null)];
}

function virtualMachineAdvice({ environment }: AdviceFacts): Advice[] {
  const hypervisor = valueOf(environment.hypervisor);
  if (hypervisor === undefined || hypervisor === null) return [];
  const text =
    'This is a virtual machine: its neighbours, its clock and its temperature cannot be seen, and may change at any time.';
  return [
    note('virtual', text, 'repeat at other hours before you compare it with another machine'),
  ];
}

function warn(topic: string, text: string, remedy: string | null): Advice {
  return { topic, severity: 'warn', text, remedy };
}

function note(topic: string, text: string, remedy: string | null): Advice {
  return { topic, severity: 'note', text, remedy };
}

function valueOf<T>(fact: Known<T>): T | undefined {
  return fact.state === 'known' ? fact.value : undefined;
}

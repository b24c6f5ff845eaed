import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { HostEnvironment } from './environment-record.ts';
import { known, mapKnown, type Known } from './known.ts';
import { parseField, readKnown } from './read-known.ts';

/** Something about a trial that this machine can or cannot tell. */
export interface Capability {
  readonly topic: string;
  /** Known with a detail that says what is there, else why it is not. */
  readonly answer: Known<string>;
}

/** What a measurement on this machine can rest on, power aside. */
export function listCapabilities(
  files: SystemFiles,
  environment: HostEnvironment,
): readonly Capability[] {
  const { cpu, controlGroup, pressure } = environment;
  const capability = <T>(topic: string, fact: Known<T>, detail: string): Capability => ({
    topic,
    answer: mapKnown(fact, () => detail),
  });
  return [
    { topic: 'memory of processes', answer: readMemoryAccounting(files) },
    capability('tasks that wait (pressure)', pressure.cpu, 'for cores, memory and disks'),
    capability(
      'the same for our own processes',
      controlGroup.pressure.cpu,
      'pressure of the control group',
    ),
    { topic: 'temperature', answer: mapKnown(environment.hottest, ({ name }) => name) },
    capability('throttling by heat', environment.thermalThrottles, 'counters of the cores'),
    capability('throttling by a quota', controlGroup.throttling, 'counters of the control group'),
    capability('clock frequency', cpu.frequenciesMhz, 'of each usable core'),
    stealCapability(environment),
  ];
}

/** On bare metal nobody can steal, so that the counter says nothing. */
function stealCapability({ ticks, hypervisor }: HostEnvironment): Capability {
  const isBare = hypervisor.state === 'known' && hypervisor.value === null;
  const detail = isBare ? 'none on bare metal' : 'if the hypervisor reports it';
  return { topic: 'time taken by a hypervisor', answer: mapKnown(ticks, () => detail) };
}

/** PSS counts a shared page once; the peak of resident pages is what remains without it. */
function readMemoryAccounting(files: SystemFiles): Known<string> {
  const pss = readKnown(files, '/proc/self/smaps_rollup', {
    absent: 'no /proc/self/smaps_rollup: needs Linux 4.14',
    parse: (text) => parseField(text, 'Pss'),
  });
  return pss.state === 'known' ? known('PSS: shared pages are counted once') : pss;
}

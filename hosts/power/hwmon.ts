import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { hwmonFolders, type HwmonFolder } from './hwmon-folders.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type { FoundSensors, PowerContext, PowerScope, PowerSensor } from './power-sensor.ts';
import { readLabel, readNumber } from './sensor-file.ts';

interface Chip {
  readonly scope: PowerScope;
  /** The widest first; the first that is there is used, so that no part is added to its whole. */
  readonly attributes: readonly string[];
  readonly rangeJ?: number;
  /** What `<channel>_label` must say where the channel's meaning is not fixed. */
  readonly label?: string;
}

/**
 * Chips whose channels are known to mean the whole of a card or a board. A chip
 * such as ina226 or ina3221 measures whichever rail the board's maker chose, so it
 * is not here: Jetson's, whose labels are known, has a sensor of its own.
 */
const CHIPS: Readonly<Record<string, Chip>> = Object.freeze({
  // On an APU the figure includes the CPU (Linux: gpu/amdgpu/thermal).
  amdgpu: { scope: 'gpu', attributes: ['power1_average', 'power1_input'] },
  // energy1 is the card, energy2 the package on it (Linux: ABI sysfs-driver-intel-xe-hwmon).
  xe: { scope: 'gpu', attributes: ['energy1_input', 'energy2_input'] },
  // The register counts 2^32 steps of 2^-14 J; Linux undoes its wraps while somebody reads.
  // The parts (i915_gt0) have other names, and are left out.
  i915: { scope: 'gpu', attributes: ['energy1_input'], rangeJ: 2 ** 32 / 2 ** 14 },
  // ACPI 4.0: the power meter of a server.
  power_meter: { scope: 'board', attributes: ['power1_average', 'power1_input'] },
  corsairpsu: { scope: 'board', attributes: ['power1_input'], label: 'power total' },
});

const KIND = 'hwmon';

export function findHwmon({ files, clock }: PowerContext): FoundSensors {
  const chips = hwmonFolders(files).flatMap((folder) => {
    const chip = Object.hasOwn(CHIPS, folder.name) ? CHIPS[folder.name] : undefined;
    return chip !== undefined && isLabelled(files, folder, chip) ? [{ folder, chip }] : [];
  });
  const found = chips.map(({ folder, chip }) => openChip(folder, chip, { files, clock }));
  const sensors = found.filter((one) => 'read' in one);
  const broken = found.filter((one) => 'reason' in one);
  const known = Object.keys(CHIPS).join(', ');
  const none = { kind: KIND, reason: `no monitor with a known meaning (${known})` };
  return { sensors, unavailable: found.length === 0 ? [none] : broken };
}

function isLabelled(files: SystemFiles, { path }: HwmonFolder, { label }: Chip): boolean {
  return label === undefined || readLabel(files, `${path}/power1_label`) === label;
}

function openChip(
  { path, name, place }: HwmonFolder,
  { attributes, scope, rangeJ }: Chip,
  { files, clock }: Pick<PowerContext, 'files' | 'clock'>,
): PowerSensor | { readonly kind: string; readonly reason: string } {
  const attribute = attributes.find((one) => files.probe(`${path}/${one}`).state !== 'absent');
  const id = `${name}:${place}`;
  if (attribute === undefined) {
    return { kind: KIND, reason: `${id} has none of ${attributes.join(', ')}` };
  }
  const isCounter = attribute.startsWith('energy');
  const source = {
    id,
    kind: KIND,
    scope,
    quality: isCounter ? ('counter' as const) : ('sampled' as const),
    // power_meter and a supply average over about a second; the cards are faster.
    intervalMs: scope === 'gpu' ? 200 : 1000,
    leastPeriodMs: isCounter ? 1000 : scope === 'gpu' ? 2000 : 10_000,
    rangeJ: rangeJ ?? null,
    sample: () => sampleMicro(files, `${path}/${attribute}`, isCounter),
  };
  return openSensor(source, clock);
}

/** Power is in uW and energy in uJ. */
function sampleMicro(files: SystemFiles, path: string, isCounter: boolean): Sample {
  const read = readNumber(files, path);
  if (read.state === 'unavailable') return read;
  if (read.value < 0) return unavailable(`${path} is negative: ${read.value}`);
  return isCounter
    ? { state: 'counter', joules: read.value / 1e6 }
    : { state: 'power', watts: read.value / 1e6 };
}

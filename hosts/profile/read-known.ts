import type { FileProbe, SystemFiles } from '../../engine/devices/system-files.ts';
import { known, unavailable, type Known } from './known.ts';

export interface Reading<T> {
  /** Why the file may be missing, in words for the person who reads the record. */
  readonly absent: string;
  /** Null where the text does not have the form that the kernel documents. */
  readonly parse: (text: string) => T | null;
}

/** What a file says, or why it does not. */
export function readKnown<T>(files: SystemFiles, path: string, reading: Reading<T>): Known<T> {
  const probe = files.probe(path);
  if (probe.state !== 'read') return unavailable(probeReason(path, probe, reading.absent));
  const value = reading.parse(probe.text.trim());
  return value === null ? unavailable(`${path} does not have the known form`) : known(value);
}

/** What those of several files say that can be read, or why none can. */
export function readEach<T>(
  files: SystemFiles,
  paths: readonly string[],
  reading: Reading<T>,
): Known<readonly T[]> {
  const facts = paths.map((path) => readKnown(files, path, reading));
  const values = facts.flatMap((fact) => (fact.state === 'known' ? [fact.value] : []));
  if (values.length > 0) return known(values);
  // A refusal says more than that another file is missing.
  const reasons = facts.flatMap((fact) => (fact.state === 'unavailable' ? [fact.reason] : []));
  return unavailable(reasons.find((reason) => reason !== reading.absent) ?? reading.absent);
}

/** A whole number that is not negative, as counters are. */
export function parseCount(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** The kernel's `0` and `1`. */
export function parseSwitch(text: string): boolean | null {
  return text === '0' || text === '1' ? text === '1' : null;
}

export function parseText(text: string): string | null {
  return text === '' ? null : text;
}

/** The number after a name in files such as `cpu.stat` and /proc/meminfo. */
export function parseField(text: string, name: string): number | null {
  const digits = new RegExp(`^${name}:?[ \\t]+(\\d+)`, 'm').exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function probeReason(
  path: string,
  probe: Exclude<FileProbe, { readonly state: 'read' }>,
  absent: string,
): string {
  switch (probe.state) {
    case 'absent':
      return absent;
    case 'refused':
      return `${path} may not be read by this user`;
    case 'failed':
      return `${path} cannot be read: ${probe.reason}`;
  }
}

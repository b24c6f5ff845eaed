import { UsageError } from './errors.ts';

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['us', 1e-3],
  ['ms', 1],
  ['s', 1e3],
  ['m', 60e3],
  ['min', 60e3],
  ['h', 3600e3],
]);

/** Bytes of `512MiB`, `1.5GB`, `4096`; `what` names the option in the error. */
export function parseBytes(text: string, what: string): number {
  const { value, unit } = splitQuantity(text, what, 'a size such as 512MiB or 2GB');
  const bytes = Math.round(value * (BYTE_UNITS.get(unit === '' ? 'b' : unit.toLowerCase()) ?? 0));
  if (bytes < 1 || !Number.isSafeInteger(bytes)) {
    throw new UsageError(`${what}: '${text}' is not a size`, {
      remedy: 'give a positive number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 512MiB',
    });
  }
  return bytes;
}

/** Milliseconds of `50ms`, `3m` or `3min`, `1.5s`; a number without a unit is refused. */
export function parseDurationMs(text: string, what: string): number {
  const { value, unit } = splitQuantity(text, what, 'a duration such as 50ms or 3m');
  const ms = value * (DURATION_UNITS_MS.get(unit) ?? 0);
  if (ms <= 0 || !Number.isFinite(ms)) {
    throw new UsageError(`${what}: '${text}' is not a duration`, {
      remedy: 'give a positive number with us, ms, s, m or h, such as 50ms or 3m',
    });
  }
  return ms;
}

function splitQuantity(
  text: string,
  what: string,
  expected: string,
): { value: number; unit: string } {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zA-Z]*)\s*$/.exec(text);
  if (match === null) {
    throw new UsageError(`${what}: '${text}' cannot be read`, { remedy: `give ${expected}` });
  }
  return { value: Number(match[1]), unit: match[2] ?? '' };
}

/** `1.5 GiB`, `512 MiB`: binary units, three significant digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  let value = bytes;
  let index = 0;
  while (Math.round(Math.abs(value)) >= 1024 && index < units.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${formatNumber(value)} ${units[index] ?? 'B'}`;
}

/** `850 us`, `12.3 ms`, `1.5 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 s';
  // What is shown decides: 999.9 us are 1 ms, and 59.99 s a minute.
  if (threeDigits(ms * 1e3) < 1000) return `${formatNumber(ms * 1e3)} us`;
  if (threeDigits(ms) < 1000) return `${formatNumber(ms)} ms`;
  if (threeDigits(ms / 1e3) < 60) return `${formatNumber(ms / 1e3)} s`;
  const seconds = Math.round(ms / 1e3);
  const rest = seconds % 60;
  return rest === 0
    ? `${Math.floor(seconds / 60)} min`
    : `${Math.floor(seconds / 60)} min ${rest} s`;
}

/** Three significant digits below 1000, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = threeDigits(value);
  return Math.abs(short) < 1000 ? String(short) : Math.round(value).toLocaleString('en-US');
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}

/** `0.953` as `95.3 %`. */
/** `1 trial`, `3 trials`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function formatPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(1))} %`;
}

/** `3m`, `1500ms`: a duration as options take it, exact, in the largest unit that keeps it whole. */
export function durationWord(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

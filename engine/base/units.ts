import { UsageError } from './errors.ts';

const BYTE_UNITS: Readonly<Record<string, number>> = Object.freeze({
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
});

const DURATION_UNITS_MS: Readonly<Record<string, number>> = Object.freeze({
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3,
});

/** Bytes of `512MiB`, `1.5GB`, `4096`; `what` names the option in the error. */
export function parseBytes(text: string, what: string): number {
  const { value, unit } = splitQuantity(text, what, 'a size such as 512MiB or 2GB');
  const factor = BYTE_UNITS[unit === '' ? 'b' : unit.toLowerCase()];
  if (factor === undefined || value <= 0) {
    throw new UsageError(`${what}: '${text}' is not a size`, {
      remedy: 'give a positive number with B, KB, MB, GB, KiB, MiB or GiB, such as 512MiB',
    });
  }
  return Math.round(value * factor);
}

/** Milliseconds of `50ms`, `3m`, `1.5s`; a number without a unit is refused. */
export function parseDurationMs(text: string, what: string): number {
  const { value, unit } = splitQuantity(text, what, 'a duration such as 50ms or 3m');
  const factor = DURATION_UNITS_MS[unit];
  if (factor === undefined || value <= 0) {
    throw new UsageError(`${what}: '${text}' is not a duration`, {
      remedy: 'give a positive number with us, ms, s, m or h, such as 50ms or 3m',
    });
  }
  return value * factor;
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
  while (Math.abs(value) >= 1024 && index < units.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${formatNumber(value)} ${units[index] ?? 'B'}`;
}

/** `850 us`, `12.3 ms`, `1.5 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${formatNumber(ms * 1e3)} us`;
  if (ms < 1e3) return `${formatNumber(ms)} ms`;
  if (ms < 60e3) return `${formatNumber(ms / 1e3)} s`;
  const seconds = Math.round(ms / 1e3);
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}

/** Three significant digits below 1000, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** `0.953` as `95.3 %`. */
export function formatPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(1))} %`;
}

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatPercent,
  parseBytes,
  parseDurationMs,
} from '../../../engine/base/units.ts';

describe('parseBytes', () => {
  it.each([
    ['4096', 4096],
    ['1B', 1],
    ['2kB', 2000],
    ['1.5GB', 1.5e9],
    ['.5 KiB', 512],
    [' 512MiB ', 536_870_912],
    ['3gib', 3_221_225_472],
    ['1TB', 1e12],
    ['1TiB', 1_099_511_627_776],
    ['0.3KiB', 307],
  ])("reads '%s' as %d", (text, bytes) => {
    expect(parseBytes(text, '--max-memory')).toBe(bytes);
  });

  it.each(['0', '0MiB', '0.1', '5parsecs', '5constructor', '99999999TB', `${'9'.repeat(400)}B`])(
    "refuses '%s', naming the option and the units",
    (text) => {
      expect(() => parseBytes(text, '--max-memory')).toThrow(UsageError);
      expect(() => parseBytes(text, '--max-memory')).toThrow(
        expect.objectContaining({
          message: `--max-memory: '${text}' is not a size`,
          remedy: expect.stringContaining('such as 512MiB') as string,
        }),
      );
    },
  );

  it.each(['', 'MiB', '-5MiB', '1e9', '1,5GB', '5 MiB x', '0x10', 'NaN'])(
    "cannot read '%s'",
    (text) => {
      expect(() => parseBytes(text, '--max-memory')).toThrow(
        expect.objectContaining({
          message: `--max-memory: '${text}' cannot be read`,
          remedy: 'give a size such as 512MiB or 2GB',
          exitCode: 2,
        }),
      );
    },
  );
});

describe('parseDurationMs', () => {
  it.each([
    ['50ms', 50],
    ['1.5s', 1500],
    ['3m', 180_000],
    ['3 min', 180_000],
    ['2h', 7_200_000],
    ['250us', 0.25],
  ])("reads '%s' as %d ms", (text, ms) => {
    expect(parseDurationMs(text, '--budget')).toBe(ms);
  });

  it.each(['50', '0s', '3M', '5toString', '5days', `${'9'.repeat(400)}s`])(
    "refuses '%s', naming the option and the units",
    (text) => {
      expect(() => parseDurationMs(text, '--budget')).toThrow(
        expect.objectContaining({
          message: `--budget: '${text}' is not a duration`,
          remedy: 'give a positive number with us, ms, s, m or h, such as 50ms or 3m',
          exitCode: 2,
        }),
      );
    },
  );

  it.each(['', 'soon', '-1s', '1m30s'])("cannot read '%s'", (text) => {
    expect(() => parseDurationMs(text, '--budget')).toThrow(`--budget: '${text}' cannot be read`);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [1_048_575, '1 MiB'],
    [1_610_612_736, '1.5 GiB'],
    [536_870_912, '512 MiB'],
    [123_456_789, '118 MiB'],
    [2 ** 40, '1 TiB'],
    [2 ** 52, '4,096 TiB'],
    [-2048, '-2 KiB'],
  ])('shows %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 s'],
    [0.85, '850 us'],
    [0.99999, '1 ms'],
    [1, '1 ms'],
    [12.345, '12.3 ms'],
    [999.4, '999 ms'],
    [999.9, '1 s'],
    [1500, '1.5 s'],
    [59_940, '59.9 s'],
    [59_990, '1 min'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [119_700, '2 min'],
    [7_200_000, '120 min'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [0.012_345, '0.0123'],
    [2.34567, '2.35'],
    [42, '42'],
    [999.4, '999'],
    [999.6, '1,000'],
    [1000, '1,000'],
    [1_234_567.8, '1,234,568'],
    [-12.345, '-12.3'],
    [-4321, '-4,321'],
    [Infinity, 'Infinity'],
    [Number.NaN, 'NaN'],
  ])('shows %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('formatPercent', () => {
  it.each([
    [0, '0 %'],
    [0.953, '95.3 %'],
    [0.9, '90 %'],
    [1, '100 %'],
    [0.000_51, '0.1 %'],
    [-0.061, '-6.1 %'],
  ])('shows %d as %s', (fraction, text) => {
    expect(formatPercent(fraction)).toBe(text);
  });
});

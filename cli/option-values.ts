import { z } from 'zod';
import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import { UsageError } from '../engine/base/errors.ts';
import { parseBytes, parseDurationMs } from '../engine/base/units.ts';
import { parseSlo } from '../tuner/constraint.ts';
import type { Constraint } from '../tuner/run-record.ts';

/** What the commands share, as the parser hands it over. */
export const workloadOptionsSchema = z.object({
  data: z.string().optional(),
  dim: z.array(z.string()).default([]),
  seed: z.string(),
});

export const storeOptionsSchema = z.object({
  store: z.string(),
  json: z.boolean().optional(),
});

export const constraintOptionsSchema = z.object({
  slo: z.array(z.string()).default([]),
  maxMemory: z.string().optional(),
  minAccuracy: z.string().optional(),
  maxPower: z.string().optional(),
});

/** `['seq=128']` as sizes by name. */
export function parseDims(texts: readonly string[]): Record<string, number> {
  const dims: Record<string, number> = {};
  for (const text of texts) {
    const match = /^([^=]+)=(\d+)$/.exec(text);
    const size = Number(match?.[2]);
    if (match === null || size < 1 || size > 2 ** 31 - 1) {
      throw new UsageError(`--dim '${text}' cannot be read`, {
        remedy: 'give a name and a size of at least 1, such as --dim seq=128',
      });
    }
    dims[match[1] ?? ''] = size;
  }
  return dims;
}

/** `['seq=16,128']` as lists of sizes by name. */
export function parseDimLists(texts: readonly string[]): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  for (const text of texts) {
    const [name = '', values = ''] = text.split('=', 2);
    const sizes = values.split(',').map((size) => parseDims([`${name}=${size}`])[name] ?? 0);
    lists[name] = [...(lists[name] ?? []), ...sizes];
  }
  return lists;
}

/** Floors for the quality of a variant. */
export const floorOptionsSchema = z.object({
  minAccuracy: z.string().optional(),
  minAgreement: z.string().optional(),
  minCosine: z.string().optional(),
  minSqnr: z.string().optional(),
});

export function parseFloors(options: z.infer<typeof floorOptionsSchema>): QualityFloor[] {
  const { minAccuracy, minAgreement, minCosine, minSqnr } = options;
  return [
    ...floor('accuracy', minAccuracy, (text) => parseShare(text, '--min-accuracy')),
    ...floor('agreement', minAgreement, (text) => parseShare(text, '--min-agreement')),
    ...floor('cosine', minCosine, (text) => parseShare(text, '--min-cosine')),
    ...floor('sqnr', minSqnr, parseDecibels),
  ];
}

function floor(
  kind: QualityFloor['kind'],
  text: string | undefined,
  parse: (text: string) => number,
): QualityFloor[] {
  return text === undefined ? [] : [{ kind, value: parse(text) }];
}

function parseShare(text: string, option: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new UsageError(`${option} '${text}' must be a share between 0 and 1, such as 0.95`);
}

function parseDecibels(text: string): number {
  const decibels = Number(text);
  // Nothing at all reads as 0.
  if (text.trim() !== '' && Number.isFinite(decibels)) return decibels;
  throw new UsageError(`--min-sqnr '${text}' must be decibels, such as 20`);
}

export function parseCount(text: string, option: string, least: number): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > Number.MAX_SAFE_INTEGER) {
    throw new UsageError(`${option} '${text}' must be a whole number of at least ${least}`);
  }
  return count;
}

export function parseBudgetMs(text: string): number {
  if (/^0+[a-z]*$/i.test(text.trim())) {
    throw new UsageError(`--budget ${text}: no time to measure anything`, {
      remedy: 'give a time such as 3m; the search of a small model needs about a minute',
    });
  }
  return parseDurationMs(text, '--budget');
}

/** The constraints of the options; `defaultSlo` stands in when no bound on latency is given. */
export function parseConstraints(
  options: z.infer<typeof constraintOptionsSchema>,
  defaultSlo: string | null,
): Constraint[] {
  const slos = options.slo.length > 0 || defaultSlo === null ? options.slo : [defaultSlo];
  return [
    ...slos.map(parseSlo),
    ...(options.maxMemory === undefined ? [] : [parseMemory(options.maxMemory)]),
    ...(options.minAccuracy === undefined ? [] : [parseAccuracy(options.minAccuracy)]),
    ...(options.maxPower === undefined ? [] : [parsePower(options.maxPower)]),
  ];
}

function parseMemory(text: string): Constraint {
  return { kind: 'memory', limitBytes: parseBytes(text, '--max-memory') };
}

function parseAccuracy(text: string): Constraint {
  return { kind: 'accuracy', floor: parseShare(text, '--min-accuracy') };
}

function parsePower(text: string): Constraint {
  const watts = Number(/^\s*([\d.]+)\s*W?\s*$/i.exec(text)?.[1] ?? Number.NaN);
  if (watts > 0) return { kind: 'power', limitWatts: watts };
  throw new UsageError(`--max-power '${text}' must be watts, such as 15W`);
}

import type { Json } from '../../engine/base/json.ts';
import type { Tuned } from './tuned.ts';

/**
 * The fields of a tuned.json by their paths, such as `config.batch.maxSize`: what is within
 * an object on its own, lists and empty objects as one value.
 */
export function flattenTuned(tuned: Tuned): Map<string, Json> {
  return new Map(leavesOf('', tuned as object as Json));
}

function* leavesOf(path: string, value: Json): Generator<[string, Json]> {
  if (!isObject(value) || Object.keys(value).length === 0) {
    yield [path, value];
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    // An optional field that is absent is none.
    if (field !== undefined) yield* leavesOf(path === '' ? key : `${path}.${key}`, field);
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { UsageError } from '../engine/base/errors.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { byKnobOrder } from './knobs.ts';
import type { KnobValue } from './search/searcher.ts';
import { boundThreads } from './arm.ts';
import { applyKnobs, isNoAffinity, readKnob } from './set-knobs.ts';

/** Values that the search chooses between, by the knob's name. */
export type Choices = Readonly<Record<string, readonly KnobValue[]>>;

/** Arms that have one of the values of every knob named are left out. */
export type Exclusion = Readonly<Record<string, readonly KnobValue[]>>;

export interface Restrictions {
  /** `knob=value`: fixed. */
  readonly set: readonly string[];
  /** `knob=value,value`: searched among these alone. */
  readonly only: readonly string[];
  /** Of a space file; each value says where it was read. */
  readonly file: readonly KnobValues[];
}

/** A knob with the values that it may take, and where that was said, for messages. */
export interface KnobValues {
  readonly name: string;
  readonly values: readonly KnobValue[];
  readonly source: string;
}

/**
 * The choices, with the knobs that the user fixed or restricted. What a file says
 * yields to what is typed. Throws UsageError for an unknown knob, for a value that
 * a knob does not take, or for one that is both fixed and restricted.
 */
export function restrictChoices(
  choices: Choices,
  restrictions: Restrictions,
  base: EngineConfig,
): Choices {
  const typed = [...restrictions.set.map(readSet), ...restrictions.only.map(readOnly)];
  for (const [index, { name, source }] of typed.entries()) {
    const earlier = typed.slice(0, index).find((one) => one.name === name);
    if (earlier === undefined) continue;
    throw new UsageError(`${source}: ${name} is also given by ${earlier.source}`, {
      remedy: 'give each knob once; --only takes several values, apart by commas',
    });
  }
  const restricted = new Map(Object.entries(choices));
  for (const { name, values, source } of [...restrictions.file, ...typed]) {
    for (const value of values) {
      applyKnobs(withThreadsFor(base, name, value), [{ name, value, source }]);
    }
    restricted.set(name, [...new Set(values)].sort(byKnobOrder));
  }
  return Object.fromEntries(restricted);
}

/** An affinity is for one number of threads: the space leaves it out with any other. */
function withThreadsFor(base: EngineConfig, name: string, value: KnobValue): EngineConfig {
  if (name !== 'affinity' || typeof value !== 'string' || isNoAffinity(value)) return base;
  return { ...base, intraOpThreads: boundThreads(value) };
}

function readSet(text: string): KnobValues {
  const { name, value } = readKnob(text, '--set');
  return { name, values: [value], source: `--set ${text}` };
}

function readOnly(text: string): KnobValues {
  const [, name = '', list = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  const knobs = list.split(',').map((value) => readKnob(`${name}=${value.trim()}`, '--only'));
  return { name, values: knobs.map(({ value }) => value), source: `--only ${text}` };
}

import { engineConfigSchema, GRAPH_LEVELS } from '../engine/runtime/engine-config.ts';
import type { KnobValue, SearchKnob } from './search/searcher.ts';

const { shape } = engineConfigSchema;

const COUNT = 'a whole number of at least 1';
const FLAG = 'true or false';

interface KnobKind extends Pick<SearchKnob, 'scale' | 'group'> {
  /** What it takes, in words. */
  readonly takes: string;
  /** Its values are texts, also where they look like numbers. */
  readonly isText: boolean;
}

/** Every knob of an engine, in the words of tuned.json. */
const KNOBS: ReadonlyMap<string, KnobKind> = new Map([
  // Precision and passes together say which file runs.
  ['precision', text(oneOf(shape.precision.options), 'file')],
  ['passes', text(oneOf(shape.passes.options), 'file')],
  ['graphLevel', { ...text(oneOf(shape.graphLevel.options), 'graphLevel'), scale: 'ordinal' }],
  ['provider', text('a name such as cpu', 'provider')],
  // Trading replicas for threads is one decision about the cores.
  ['replicas', number(COUNT, 'cores', 'log2')],
  ['isolation', text(oneOf(shape.isolation.options), 'cores')],
  ['intraOpThreads', number(COUNT, 'cores', 'log2')],
  ['spinning', flag('cores')],
  ['affinity', text("cores in the runtime's syntax, such as 1;2, or null", 'affinity')],
  ['batch.maxSize', number(COUNT, 'batch', 'log2')],
  ['batch.maxDelayMs', number('milliseconds of at least 0', 'delay', 'linear')],
  ['arena', flag('arena')],
  ['memPattern', flag('memPattern')],
]);

/** A session entry's key follows; its values are texts. */
export const ENTRY = 'sessionEntries.';

export const KNOWN_KNOBS = `knobs: ${[...KNOBS.keys()].join(', ')}, ${ENTRY}KEY`;

export function knobKind(name: string): KnobKind | undefined {
  if (name.startsWith(ENTRY)) return text('a text', name);
  return KNOBS.get(name);
}

/** Values in the order of the knob: numbers by size, graph levels by how much they do. */
export function byKnobOrder(a: KnobValue, b: KnobValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const levels: readonly KnobValue[] = GRAPH_LEVELS;
  return levels.indexOf(a) - levels.indexOf(b) || (String(a) < String(b) ? -1 : 1);
}

function oneOf(options: readonly string[]): string {
  return `one of ${options.join(', ')}`;
}

function text(takes: string, group: string): KnobKind {
  return { takes, group, scale: 'categorical', isText: true };
}

function flag(group: string): KnobKind {
  return { takes: FLAG, group, scale: 'categorical', isText: false };
}

function number(takes: string, group: string, scale: 'log2' | 'linear'): KnobKind {
  return { takes, group, scale, isText: false };
}

import { GRAPH_LEVELS, type EngineConfig } from '../engine/runtime/engine-config.ts';
import type { KnobValue, SearchArm, SearchKnob } from './search/searcher.ts';

type KnobKind = Pick<SearchKnob, 'scale' | 'group'>;

/** How the knobs of an engine are scaled, and which of them are one decision. */
const KINDS: Readonly<Record<string, KnobKind>> = Object.freeze({
  // Precision and passes together say which file runs.
  precision: { scale: 'categorical', group: 'file' },
  passes: { scale: 'categorical', group: 'file' },
  graphLevel: { scale: 'ordinal', group: 'graphLevel' },
  // Trading replicas for threads is one decision about the cores.
  replicas: { scale: 'log2', group: 'cores' },
  intraOpThreads: { scale: 'log2', group: 'cores' },
  isolation: { scale: 'categorical', group: 'cores' },
  spinning: { scale: 'categorical', group: 'cores' },
  affinity: { scale: 'categorical', group: 'affinity' },
  'batch.maxSize': { scale: 'log2', group: 'batch' },
  'batch.maxDelayMs': { scale: 'linear', group: 'delay' },
  arena: { scale: 'categorical', group: 'arena' },
  memPattern: { scale: 'categorical', group: 'memPattern' },
  provider: { scale: 'categorical', group: 'provider' },
});

/** A config as the searchers see it. */
export function armValues(config: EngineConfig): Record<string, KnobValue> {
  const { precision, passes, graphLevel, replicas, intraOpThreads, isolation } = config;
  const { spinning, affinity, batch, arena, memPattern, provider, sessionEntries } = config;
  return {
    ...{ precision, passes, graphLevel, replicas, intraOpThreads, isolation, spinning },
    affinity: affinity ?? 'none',
    'batch.maxSize': batch.maxSize,
    'batch.maxDelayMs': batch.maxDelayMs,
    ...{ arena, memPattern, provider },
    ...Object.fromEntries(
      Object.entries(sessionEntries).map(([key, value]) => [`sessionEntries.${key}`, value]),
    ),
  };
}

/** The knobs of arms, each with the values that occur. Session entries are categorical. */
export function describeKnobs(arms: readonly SearchArm[]): SearchKnob[] {
  const seen = new Map<string, Set<KnobValue>>();
  for (const { values } of arms) {
    for (const [name, value] of Object.entries(values)) {
      const own = seen.get(name) ?? new Set();
      seen.set(name, own.add(value));
    }
  }
  return [...seen].map(([name, values]) => {
    const kind = KINDS[name] ?? { scale: 'categorical', group: name };
    return { name, ...kind, values: [...values].sort(byOrder) };
  });
}

function byOrder(a: KnobValue, b: KnobValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const levels: readonly KnobValue[] = GRAPH_LEVELS;
  return levels.indexOf(a) - levels.indexOf(b) || (String(a) < String(b) ? -1 : 1);
}

import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { byKnobOrder, ENTRY, knobKind } from './knobs.ts';
import type { KnobValue, SearchArm, SearchKnob } from './search/searcher.ts';

/** A config as the searchers see it. */
export function armValues(config: EngineConfig): Record<string, KnobValue> {
  const { precision, passes, graphLevel, replicas, intraOpThreads, isolation } = config;
  const { spinning, affinity, batch, arena, memPattern, provider, sessionEntries } = config;
  return {
    precision,
    passes,
    graphLevel,
    replicas,
    intraOpThreads,
    isolation,
    spinning,
    affinity: affinity ?? 'none',
    'batch.maxSize': batch.maxSize,
    'batch.maxDelayMs': batch.maxDelayMs,
    arena,
    memPattern,
    provider,
    ...Object.fromEntries(
      Object.entries(sessionEntries).map(([key, value]) => [`${ENTRY}${key}`, value]),
    ),
  };
}

/** The knobs of arms, each with the values that occur; one that nobody knows is categorical. */
export function describeKnobs(arms: readonly SearchArm[]): SearchKnob[] {
  const seen = new Map<string, Set<KnobValue>>();
  for (const { values } of arms) {
    for (const [name, value] of Object.entries(values)) {
      const own = seen.get(name) ?? new Set();
      seen.set(name, own.add(value));
    }
  }
  return [...seen].map(([name, values]) => {
    const { scale, group } = knobKind(name) ?? { scale: 'categorical', group: name };
    return { name, scale, group, values: [...values].sort(byKnobOrder) };
  });
}

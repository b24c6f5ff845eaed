import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { armValues } from './search-knobs.ts';
import type { SearchArm } from './search/searcher.ts';

/** A configuration that the search may try, with the key that identifies it. */
export interface Arm extends SearchArm {
  readonly config: EngineConfig;
}

/** The arm of a config: its canonical form and its key. */
export function toArm(config: EngineConfig): Arm {
  const canonical = canonicalConfig(config);
  return { key: armKey(canonical), config: canonical, values: armValues(canonical) };
}

/** Threads of a replica that an affinity is for: it binds all but the first, which is the caller's. */
export function boundThreads(affinity: string): number {
  return affinity.split(';').length + 1;
}

/** Entries that say how to spin: without a meaning where nothing spins. */
const SPIN_ENTRIES = new Set([
  'session.intra_op.spin_duration_us',
  'session.intra_op.spin_backoff_max',
  'session.force_spinning_stop',
]);

/**
 * One form for configs that mean the same: variants are made after passes of their own,
 * a single intra-op thread has no pool that could spin or be bound to cores, several
 * replicas cannot share the caller's thread, and a batch of one waits for nobody.
 */
export function canonicalConfig(config: EngineConfig): EngineConfig {
  const spinning = config.spinning && config.intraOpThreads > 1;
  const entries = Object.entries(config.sessionEntries)
    .filter(([key]) => spinning || !SPIN_ENTRIES.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...config,
    passes: config.precision === 'fp32' ? config.passes : 'clean',
    spinning,
    affinity: config.intraOpThreads > 1 ? config.affinity : null,
    isolation: config.isolation === 'inline' && config.replicas > 1 ? 'thread' : config.isolation,
    batch: config.batch.maxSize === 1 ? { maxSize: 1, maxDelayMs: 0 } : config.batch,
    sessionEntries: Object.fromEntries(entries),
  };
}

/** The same where every request fills its batch, as in a closed loop: nothing is waited for. */
export function withoutDelay(config: EngineConfig): EngineConfig {
  return { ...config, batch: { ...config.batch, maxDelayMs: 0 } };
}

/** A readable identity, equal for equal canonical configs. */
export function armKey(config: EngineConfig): string {
  const parts = [
    `${config.precision}/${config.passes}/${config.graphLevel}`,
    config.provider,
    `${config.replicas}x${config.intraOpThreads}`,
    config.isolation,
    config.spinning ? 'spin' : 'sleep',
    `batch ${config.batch.maxSize}${config.batch.maxDelayMs === 0 ? '' : `+${config.batch.maxDelayMs}ms`}`,
    config.arena ? 'arena' : 'no-arena',
    config.memPattern ? 'pattern' : 'no-pattern',
    ...(config.affinity === null ? [] : [`affinity ${config.affinity}`]),
    ...Object.entries(config.sessionEntries).map(([key, value]) => `${key}=${value}`),
  ];
  return parts.join(' ');
}

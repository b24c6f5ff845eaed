import { formatCount, formatNumber } from '../engine/base/units.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';

export type KnobValue = string | number | boolean | null;

/** One setting of an engine config, as a reader sees it. */
export interface Knob {
  /** Path in the config. */
  readonly name: string;
  readonly title: string;
  /** Heading of a column, where space is short. */
  readonly short: string;
  readonly read: (config: EngineConfig) => KnobValue;
}

/** Every setting, in the order in which a report lists them. */
export const KNOBS: readonly Knob[] = Object.freeze([
  setting('replicas', 'Replicas', (config) => config.replicas),
  setting('intraOpThreads', 'Threads per replica', (config) => config.intraOpThreads, 'Threads'),
  setting('batch.maxSize', 'Batch size', (config) => config.batch.maxSize, 'Batch'),
  setting('batch.maxDelayMs', 'Batch delay in ms', (config) => config.batch.maxDelayMs, 'Delay ms'),
  setting('precision', 'Precision', (config) => config.precision),
  setting('passes', 'Graph passes', (config) => config.passes, 'Passes'),
  setting('graphLevel', 'Graph level', (config) => config.graphLevel, 'Level'),
  setting('spinning', 'Spinning', (config) => config.spinning),
  setting('arena', 'Memory arena', (config) => config.arena, 'Arena'),
  setting('memPattern', 'Memory pattern', (config) => config.memPattern, 'Pattern'),
  setting('isolation', 'Isolation', (config) => config.isolation),
  setting('affinity', 'Thread affinity', (config) => config.affinity, 'Affinity'),
  setting('provider', 'Provider', (config) => config.provider),
  setting('sessionEntries', 'Session entries', readSessionEntries, 'Entries'),
]);

/** The knob that a run's record names, by path or by the last part of its path. */
export function knobNamed(name: string): Knob | undefined {
  return KNOBS.find((knob) => knob.name === name || knob.name.split('.').includes(name));
}

/** `on`, `off`, `none`, or the value. */
export function knobText(value: KnobValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return value === null || value === '' ? 'none' : String(value);
}

/** `2 replicas × 1 thread, batch 8`, and how long a batch is waited for, if at all. */
export function describeArm(config: EngineConfig): string {
  const { maxSize, maxDelayMs } = config.batch;
  const delay = maxDelayMs === 0 ? '' : ` within ${formatNumber(maxDelayMs)} ms`;
  const replicas = formatCount(config.replicas, 'replica');
  const threads = formatCount(config.intraOpThreads, 'thread');
  return `${replicas} × ${threads}, batch ${maxSize}${delay}`;
}

/** Settings of which two configs have different values. */
function differingKnobs(left: EngineConfig, right: EngineConfig): readonly Knob[] {
  return KNOBS.filter((knob) => knob.read(left) !== knob.read(right));
}

const NAMED_BY_DESCRIPTION: ReadonlySet<string> = new Set([
  'replicas',
  'intraOpThreads',
  'batch.maxSize',
  'batch.maxDelayMs',
]);

/** What `describeArm` leaves out and the baseline has otherwise: `spinning off, memory arena off`. */
export function describeRest(config: EngineConfig, baseline: EngineConfig): string {
  return differingKnobs(config, baseline)
    .filter((knob) => !NAMED_BY_DESCRIPTION.has(knob.name))
    .map((knob) => `${knob.title.toLowerCase()} ${knobText(knob.read(config))}`)
    .join(', ');
}

/** An arm in full, against the baseline when there is one. */
export function describeArmFully(config: EngineConfig, baseline: EngineConfig | undefined): string {
  const rest = baseline === undefined ? '' : describeRest(config, baseline);
  return rest === '' ? describeArm(config) : `${describeArm(config)}, ${rest}`;
}

function setting(name: string, title: string, read: Knob['read'], short: string = title): Knob {
  return { name, title, short, read };
}

function readSessionEntries(config: EngineConfig): string {
  return Object.entries(config.sessionEntries)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

import { messageOf, UsageError, UserError } from '../engine/base/errors.ts';
import { engineConfigSchema, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { validateEngineConfig } from '../engine/runtime/session-options.ts';
import { ENTRY, knobKind, KNOWN_KNOBS } from './knobs.ts';
import type { KnobValue } from './search/searcher.ts';
import { canonicalConfig } from './arm.ts';

/**
 * A config changed by texts such as `replicas=2`, `batch.maxSize=8` or
 * `sessionEntries.KEY=VALUE`. Throws UsageError that names the text and what
 * would be right.
 */
export function setKnobs(config: EngineConfig, texts: readonly string[]): EngineConfig {
  return applyKnobs(
    config,
    texts.map((text) => ({ ...readKnob(text, '--set'), source: `--set ${text}` })),
  );
}

export interface KnobSetting {
  readonly name: string;
  readonly value: KnobValue;
  /** Where it was said, for messages. */
  readonly source: string;
}

/** A config with knobs set, in canonical form. Throws UsageError that names the source. */
export function applyKnobs(config: EngineConfig, settings: readonly KnobSetting[]): EngineConfig {
  let changed: object = config;
  for (const { name, value } of settings) changed = withKnob(changed, name, value);
  const parsed = engineConfigSchema.safeParse(changed);
  if (!parsed.success) {
    const knob = parsed.error.issues[0]?.path.join('.') ?? '';
    const source = settings.findLast(({ name }) => name === knob)?.source ?? knob;
    throw new UsageError(`${source}: that is no value of ${knob}`, {
      remedy: `${knob} takes ${knobKind(knob)?.takes ?? 'another value'}`,
    });
  }
  // Several replicas cannot share the caller's thread: whoever asks for two means threads,
  // unless something else was said.
  const canonical = canonicalConfig(parsed.data);
  const isolationIsSaid = settings.some(({ name }) => name === 'isolation');
  const { isolation } = isolationIsSaid ? parsed.data : canonical;
  try {
    validateEngineConfig({ ...canonical, isolation });
  } catch (thrown) {
    const sources = settings.map(({ source }) => source).join(' ');
    throw new UsageError(`${sources}: ${messageOf(thrown)}`, {
      ...(thrown instanceof UserError && thrown.remedy !== undefined && { remedy: thrown.remedy }),
      cause: thrown,
    });
  }
  return canonical;
}

/** Reads `knob=value`; `option` is where it was given. */
export function readKnob(
  text: string,
  option: string,
): { readonly name: string; readonly value: KnobValue } {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`${option} '${text}' is not knob=value`, { remedy: KNOWN_KNOBS });
  }
  const kind = knobKind(name);
  if (kind === undefined) {
    throw new UsageError(`${option} ${text}: there is no knob '${name}'`, { remedy: KNOWN_KNOBS });
  }
  if (kind.isText) return { name, value };
  return { name, value: toValue(value) };
}

/** The config with one knob changed; whether the value fits is for the caller to check. */
export function withKnob<T extends object>(config: T, name: string, value: KnobValue): T {
  if (name === 'affinity') return { ...config, affinity: isNoAffinity(value) ? null : value };
  const group = name.startsWith(ENTRY) ? 'sessionEntries' : name.split('.')[0];
  if (group === undefined || group === name) return { ...config, [name]: value };
  const inner: unknown = new Map<string, unknown>(Object.entries(config)).get(group);
  const fields = typeof inner === 'object' ? inner : {};
  return { ...config, [group]: { ...fields, [name.slice(group.length + 1)]: value } };
}

/** Threads go where the system puts them. */
export function isNoAffinity(value: KnobValue): boolean {
  return value === 'null' || value === 'none';
}

function toValue(text: string): KnobValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

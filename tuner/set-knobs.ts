import { messageOf, UsageError } from '../engine/base/errors.ts';
import { engineConfigSchema, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { validateEngineConfig } from '../engine/runtime/session-options.ts';
import { canonicalConfig } from './space.ts';

/** What `--set` may change, in the words of tuned.json. */
const KNOBS = [
  'precision',
  'passes',
  'graphLevel',
  'provider',
  'replicas',
  'isolation',
  'intraOpThreads',
  'spinning',
  'affinity',
  'batch.maxSize',
  'batch.maxDelayMs',
  'arena',
  'memPattern',
] as const;
const ENTRY = 'sessionEntries.';

/**
 * A config changed by texts such as `replicas=2`, `batch.maxSize=8` or
 * `sessionEntries.KEY=VALUE`. Throws UsageError that names the text and what
 * would be right.
 */
export function setKnobs(config: EngineConfig, texts: readonly string[]): EngineConfig {
  let changed: Record<string, unknown> = { ...config };
  for (const text of texts) changed = setKnob(changed, text);
  const parsed = engineConfigSchema.safeParse(changed);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const knob = issue?.path.join('.') ?? '';
    const text = texts.find((one) => one.startsWith(`${knob}=`)) ?? knob;
    throw new UsageError(`--set ${text}: ${issue?.message ?? 'not a value of this knob'}`);
  }
  // Several replicas cannot share the caller's thread: whoever asks for two means threads.
  const canonical = canonicalConfig(parsed.data);
  try {
    validateEngineConfig(canonical);
  } catch (thrown) {
    throw new UsageError(`--set ${texts.join(' --set ')}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return canonical;
}

function setKnob(config: Record<string, unknown>, text: string): Record<string, unknown> {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw unknownKnob(text);
  if (name.startsWith(ENTRY)) {
    const entries = { ...(config['sessionEntries'] as object), [name.slice(ENTRY.length)]: value };
    return { ...config, sessionEntries: entries };
  }
  if (!KNOBS.some((knob) => knob === name)) throw unknownKnob(text);
  const [group, field] = name.split('.');
  if (group === undefined || field === undefined) return { ...config, [name]: toValue(value) };
  return { ...config, [group]: { ...(config[group] as object), [field]: toValue(value) } };
}

function unknownKnob(text: string): UsageError {
  return new UsageError(`--set '${text}' is not knob=value`, {
    remedy: `knobs: ${KNOBS.join(', ')}, ${ENTRY}KEY`,
  });
}

function toValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

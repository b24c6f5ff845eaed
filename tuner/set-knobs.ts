import { messageOf, UsageError, UserError } from '../engine/base/errors.ts';
import { engineConfigSchema, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { validateEngineConfig } from '../engine/runtime/session-options.ts';
import { canonicalConfig } from './space.ts';

const { shape } = engineConfigSchema;

const COUNT = 'a whole number of at least 1';
const FLAG = 'true or false';

/** What `--set` may change, in the words of tuned.json, and what each knob takes. */
const KNOBS: ReadonlyMap<string, string> = new Map([
  ['precision', `one of ${shape.precision.options.join(', ')}`],
  ['passes', `one of ${shape.passes.options.join(', ')}`],
  ['graphLevel', `one of ${shape.graphLevel.options.join(', ')}`],
  ['provider', 'a name such as cpu'],
  ['replicas', COUNT],
  ['isolation', `one of ${shape.isolation.options.join(', ')}`],
  ['intraOpThreads', COUNT],
  ['spinning', FLAG],
  ['affinity', "cores in the runtime's syntax, such as 1;2, or null"],
  ['batch.maxSize', COUNT],
  ['batch.maxDelayMs', 'milliseconds of at least 0'],
  ['arena', FLAG],
  ['memPattern', FLAG],
]);
/** Whose values are texts, also where they look like numbers. */
const TEXTS = ['precision', 'passes', 'graphLevel', 'provider', 'isolation', 'affinity'];
const ENTRY = 'sessionEntries.';
const KNOWN = `knobs: ${[...KNOBS.keys()].join(', ')}, ${ENTRY}KEY`;

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
    const knob = parsed.error.issues[0]?.path.join('.') ?? '';
    const text = texts.findLast((one) => one.startsWith(`${knob}=`)) ?? knob;
    throw new UsageError(`--set ${text}: that is no value of ${knob}`, {
      remedy: `${knob} takes ${KNOBS.get(knob) ?? 'another value'}`,
    });
  }
  // Several replicas cannot share the caller's thread: whoever asks for two means threads.
  const canonical = canonicalConfig(parsed.data);
  try {
    validateEngineConfig(canonical);
  } catch (thrown) {
    throw new UsageError(`--set ${texts.join(' --set ')}: ${messageOf(thrown)}`, {
      ...(thrown instanceof UserError && thrown.remedy !== undefined && { remedy: thrown.remedy }),
      cause: thrown,
    });
  }
  return canonical;
}

function setKnob(config: Record<string, unknown>, text: string): Record<string, unknown> {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--set '${text}' is not knob=value`, { remedy: KNOWN });
  }
  if (name.startsWith(ENTRY)) {
    const entries = { ...(config['sessionEntries'] as object), [name.slice(ENTRY.length)]: value };
    return { ...config, sessionEntries: entries };
  }
  if (!KNOBS.has(name)) {
    throw new UsageError(`--set ${text}: there is no knob '${name}'`, { remedy: KNOWN });
  }
  if (TEXTS.includes(name)) return { ...config, [name]: value === 'null' ? null : value };
  const [group, field] = name.split('.');
  if (group === undefined || field === undefined) return { ...config, [name]: toValue(value) };
  return { ...config, [group]: { ...(config[group] as object), [field]: toValue(value) } };
}

function toValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

import { z } from 'zod';
import { UsageError } from '../engine/base/errors.ts';
import { readYamlFile } from '../engine/base/yaml.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import type { Exclusion, KnobValues } from './choices.ts';
import { ENTRY, knobKind, KNOWN_KNOBS } from './knobs.ts';
import { applyKnobs } from './set-knobs.ts';

const valueSchema = z.union([z.string(), z.number(), z.boolean()]);
/** One value, or a list. */
const valuesSchema = z
  .union([valueSchema, z.array(valueSchema).min(1)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

/**
 * ```yaml
 * knobs:                        # those that are not named keep the default's values
 *   precision: [fp32, int8-static]
 *   batch.maxSize: [1, 2, 4, 8]
 *   sessionEntries.session.intra_op.spin_duration_us: ["0", "1000"]
 * exclude:                      # arms that have all of these are left out
 *   - {precision: int8-static, batch.maxSize: [4, 8]}
 * ```
 */
const spaceFileSchema = z.strictObject({
  knobs: z.record(z.string(), valuesSchema).default({}),
  exclude: z.array(z.record(z.string(), valuesSchema)).default([]),
});

export interface SpaceFile {
  readonly knobs: readonly KnobValues[];
  readonly exclude: readonly Exclusion[];
}

/** Reads a space file. Errors name the file and the field. */
export async function readSpaceFile(path: string, base: EngineConfig): Promise<SpaceFile> {
  const { knobs, exclude } = await readYamlFile(path, spaceFileSchema, 'a space file');
  const check = (part: Readonly<Record<string, (string | number | boolean)[]>>): KnobValues[] =>
    Object.entries(part).map(([name, values]) => checkKnob(name, values, { path, base }));
  return {
    knobs: check(knobs),
    exclude: exclude.map((one) =>
      Object.fromEntries(check(one).map(({ name, values }) => [name, values])),
    ),
  };
}

function checkKnob(
  name: string,
  values: readonly (string | number | boolean)[],
  { path, base }: { readonly path: string; readonly base: EngineConfig },
): KnobValues {
  const source = `${path}: ${name}`;
  if (knobKind(name) === undefined) {
    throw new UsageError(`${source}: there is no such knob`, { remedy: KNOWN_KNOBS });
  }
  // Entries are texts for the runtime, and YAML reads an unquoted 1 as a number.
  const own = name.startsWith(ENTRY) ? values.map(String) : values;
  for (const value of own) applyKnobs(base, [{ name, value, source }]);
  return { name, values: own, source };
}

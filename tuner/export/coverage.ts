import type { ExportInput } from './export-input.ts';
import { tunedSchema, type Tuned } from './tuned.ts';

/**
 * What a target does with a field of tuned.json. Fields are named by their path, such as
 * `config.batch.maxSize`; an entry for `config.batch` holds for everything below it, unless
 * a longer one says otherwise.
 */
export type Coverage = Readonly<Record<string, FieldCoverage>>;

export type FieldCoverage =
  /** The exported files do what the field says; `by` names the option or the place. */
  | { readonly state: 'expressed'; readonly by: string }
  /** The target cannot do it: the warning, where this value makes a difference; else null. */
  | { readonly state: 'warned'; readonly warning: FindWarning }
  /** Nothing that a target could do. */
  | { readonly state: 'irrelevant'; readonly reason: string };

/** Null where the value makes no difference. */
type FindWarning = (input: ExportInput) => string | null;

export function expressed(by: string): FieldCoverage {
  return { state: 'expressed', by };
}

export function warned(warning: FindWarning): FieldCoverage {
  return { state: 'warned', warning };
}

export function irrelevant(reason: string): FieldCoverage {
  return { state: 'irrelevant', reason };
}

/** For a target that takes the whole of tuned.json along. */
export function everyField(by: string): Coverage {
  const fields = Object.keys(tunedSchema.shape);
  return Object.freeze(Object.fromEntries(fields.map((field) => [field, expressed(by)])));
}

/** The longest entry that holds for a field; undefined where a table forgot it. */
export function coverageOf(coverage: Coverage, field: string): FieldCoverage | undefined {
  const parts = field.split('.');
  for (let length = parts.length; length > 0; length -= 1) {
    const entry = coverage[parts.slice(0, length).join('.')];
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** What a target cannot express of this result, each once, in the order of its table. */
export function warningsOf(coverage: Coverage, input: ExportInput): string[] {
  const all = Object.values(coverage).map((entry) =>
    entry.state === 'warned' ? entry.warning(input) : null,
  );
  return [...new Set(all.filter((warning) => warning !== null))];
}

/** What no target sets, since it was found and not chosen. The head of each file states it. */
export const FINDINGS: Coverage = Object.freeze({
  schema: irrelevant('the format of tuned.json itself'),
  'workload.suite': irrelevant('where the measured model came from; stated'),
  'workload.data': irrelevant('the data of the measurement; no part of serving'),
  'workload.scenario': irrelevant('how the load was made; stated beside the figures'),
  'workload.seed': irrelevant('the seed of the measurement'),
  objective: irrelevant('what was sought; the config is the answer'),
  constraints: irrelevant('what the config was chosen to meet; stated'),
  metrics: irrelevant('what was measured; stated'),
  baseline: irrelevant('what the config replaced; its throughput is stated'),
  verdict: irrelevant('the config against the default; stated'),
});

/** For a target that opens any machine and any shape alike. */
export const UNCHECKED_PLACE: Coverage = Object.freeze({
  'workload.dims': warned(
    ({
      tuned: {
        workload: { dims },
      },
    }) =>
      Object.keys(dims).length === 0
        ? null
        : `measured with ${namedSizes(dims)} only: other sizes are accepted, and were not measured`,
  ),
  host: warned(
    ({ tuned: { host } }) =>
      `nothing here checks the machine: tuned on ${host.cpu} with ${host.cores} usable cores (${host.isa.join(' ')}), ` +
      `${Math.round(host.memoryBytes / 2 ** 30)} GiB, key ${host.key}; on another machine tune again`,
  ),
});

/** `seq=128, rows=4`. */
export function namedSizes(dims: Tuned['workload']['dims']): string {
  return Object.entries(dims)
    .map(([name, size]) => `${name}=${size}`)
    .join(', ');
}

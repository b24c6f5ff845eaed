import { UserError } from '../../engine/base/errors.ts';
import { formatCount, formatPercent } from '../../engine/base/units.ts';
import type { ComparedSource } from './compared-source.ts';

/** Unlike things that are refused, unless whoever compares says that he knows. */
export const UNLIKE = [
  'model',
  'data',
  'runtime',
  'scenario',
  'unfinished',
  'invalid',
  'sensors',
] as const;
export type Unlike = (typeof UNLIKE)[number];

/** Beyond this share of invalid trials a session says little about the machine. */
const MOST_INVALID = 0.2;

/**
 * Whether sources may be compared. Throws UserError for the first difference that was not
 * allowed; returns what a reader must know of the others.
 */
export function checkLikeness(
  sources: readonly ComparedSource[],
  allowed: ReadonlySet<Unlike>,
): string[] {
  const differences = [
    ...differing('model', 'models', sources, ({ workload }) => {
      const { name, sha256 } = workload.model;
      return `${name} (SHA-256 ${sha256.slice(0, 12)})`;
    }),
    ...differing('data', 'data', sources, dataText),
    ...differing('runtime', 'runtimes', sources, ({ versions }) => versions.onnxruntime),
    ...sources.flatMap(unfinished),
    ...sources.flatMap(mostlyInvalid),
  ];
  const refused = differences.find(({ kind }) => !allowed.has(kind));
  if (refused !== undefined) throw unlike(refused.kind, refused.text);
  return [...differences.map(({ text }) => text), ...milderDifferences(sources)];
}

/** What is said where `kind` was not allowed. */
export function unlike(kind: Unlike, text: string): UserError {
  return new UserError(text, {
    remedy: `compare like with like, or say that you know: --allow ${kind}`,
  });
}

interface Difference {
  readonly kind: Unlike;
  readonly text: string;
}

function differing(
  kind: Unlike,
  what: string,
  sources: readonly ComparedSource[],
  read: (source: ComparedSource) => string,
): Difference[] {
  const text = differenceText(what, sources, read);
  return text === null ? [] : [{ kind, text }];
}

/** `different models: a (run-1) and b (run-2)`; null where all agree. */
function differenceText(
  what: string,
  sources: readonly ComparedSource[],
  read: (source: ComparedSource) => string,
): string | null {
  const values = Map.groupBy(sources, read);
  if (values.size < 2) return null;
  const named = [...values].map(([value, [first]]) => `${value} (${first?.id ?? ''})`);
  return `different ${what}: ${named.join(' and ')}`;
}

/** What went into the model; of a file only its description is recorded, not its content. */
function dataText({ workload }: ComparedSource): string {
  const { data, suite, dims, batch, evaluationCount, seed } = workload;
  const sizes = Object.entries(dims).map(([name, size]) => `${name}=${size}`);
  return [
    suite ?? data.kind,
    data.description,
    ...sizes.toSorted(),
    ...(batch === 'free' ? [] : [`batch ${batch}`]),
    ...(evaluationCount > 0 ? [formatCount(evaluationCount, 'labelled sample')] : []),
    ...(data.kind === 'file' ? [] : [`seed ${seed}`]),
  ].join(', ');
}

function unfinished({ id, record }: ComparedSource): Difference[] {
  if (record.kind === 'bench' || record.run.state === 'finished') return [];
  return [{ kind: 'unfinished', text: `run ${id} is ${record.run.state}, not finished` }];
}

function mostlyInvalid(source: ComparedSource): Difference[] {
  const { count, all } = invalidTrials(source);
  if (count === 0 || count / all <= MOST_INVALID) return [];
  const text = `${count} of ${all} trials of ${source.id} are invalid, more than ${formatPercent(MOST_INVALID)}: the machine was disturbed`;
  return [{ kind: 'invalid', text }];
}

/** Rates that are tried until one holds do not count: that they fail is how it is found. */
function invalidTrials({ trials }: ComparedSource): {
  readonly count: number;
  readonly all: number;
} {
  const own = trials.filter(({ purpose }) => purpose.kind !== 'probe');
  return { count: own.filter(({ state }) => state === 'invalid').length, all: own.length };
}

/** What does not forbid a comparison, but should be known. */
function milderDifferences(sources: readonly ComparedSource[]): string[] {
  const invalid = sources.flatMap((source) => {
    const { count, all } = invalidTrials(source);
    if (count === 0 || count / all > MOST_INVALID) return [];
    return [`${count} of ${all} trials of ${source.id} are invalid and were left out`];
  });
  const ofRuns = sources.filter(({ record }) => record.kind === 'run');
  return [
    differenceText('versions of Node', sources, ({ versions }) => versions.node),
    differenceText('versions of claw', sources, ({ versions }) => versions.openclaw),
    differenceText('objectives', ofRuns, ({ record }) =>
      record.kind === 'run' ? record.run.objective : '',
    ),
    differenceText('files of data', sources, ({ workload: { data } }) =>
      data.kind === 'file' ? data.path : 'none',
    ),
    ...invalid,
  ].filter((text) => text !== null);
}

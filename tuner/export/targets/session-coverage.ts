import { UserError } from '../../../engine/base/errors.ts';
import {
  expressed,
  FINDINGS,
  irrelevant,
  UNCHECKED_PLACE,
  warned,
  type Coverage,
} from '../coverage.ts';
import type { Tuned } from '../tuned.ts';

/** What a program that opens sessions of the runtime itself expresses, by its own API. */
export function sessionCoverage(api: {
  readonly replicas: string;
  readonly intraOpThreads: string;
  readonly graphLevel: string;
  readonly arena: string;
  readonly memPattern: string;
  readonly entries: string;
}): Coverage {
  return {
    ...FINDINGS,
    ...UNCHECKED_PLACE,
    'model.name': irrelevant('stated at the beginning'),
    'model.path': irrelevant('where the model lay on the machine that tuned'),
    'model.sha256': irrelevant('the artifact is what runs; stated'),
    artifact: expressed('model.onnx'),
    runtime: expressed('compared where the sessions are opened'),
    provider: warned(onlyCpu),
    'config.precision': expressed('model.onnx was made so'),
    'config.passes': expressed('model.onnx was made so'),
    'config.graphLevel': expressed(api.graphLevel),
    'config.replicas': expressed(api.replicas),
    'config.isolation': warned(({ tuned: { config } }) =>
      config.isolation === 'process'
        ? 'the sessions share one process, where each had its own: a crash ends all of them, and the figures may differ'
        : null,
    ),
    'config.intraOpThreads': expressed(api.intraOpThreads),
    'config.spinning': expressed(`${api.entries}: session.intra_op.allow_spinning`),
    'config.affinity': expressed(`${api.entries}: session.intra_op_thread_affinities`),
    'config.batch': warned(({ tuned: { config } }) => unmerged(config.batch)),
    'config.arena': expressed(api.arena),
    'config.memPattern': expressed(api.memPattern),
    'config.sessionEntries': expressed(api.entries),
  };
}

/** Null for the one provider that the exported files open sessions with. */
export function onlyCpu({ tuned: { provider } }: { readonly tuned: Tuned }): string | null {
  return provider === 'cpu' ? null : `the provider '${provider}' is not set: this opens cpu`;
}

function unmerged({ maxSize, maxDelayMs }: Tuned['config']['batch']): string | null {
  if (maxSize === 1) return null;
  return `requests are not merged here: send batches of ${maxSize} samples; ${maxDelayMs} ms of waiting for more are not expressed`;
}

/** The session's config entries, those that have a field of their own included. */
export function sessionEntries({ config }: Tuned): readonly (readonly [string, string])[] {
  return [
    ['session.intra_op.allow_spinning', config.spinning ? '1' : '0'],
    ...(config.affinity === null
      ? []
      : ([['session.intra_op_thread_affinities', config.affinity]] as const)),
    ...Object.entries(config.sessionEntries),
  ];
}

/** Names of the runtime's C API, which its other languages share. */
export const ORT_LEVELS: Readonly<Record<Tuned['config']['graphLevel'], string>> = Object.freeze({
  disabled: 'ORT_DISABLE_ALL',
  basic: 'ORT_ENABLE_BASIC',
  extended: 'ORT_ENABLE_EXTENDED',
  layout: 'ORT_ENABLE_LAYOUT',
  all: 'ORT_ENABLE_ALL',
});

/** A literal of Python and C++ alike: printable ASCII alone, no digraph, no escape but `\"` and `\\`. */
export function stringLiteral(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) {
    throw new UserError(`'${text}' cannot be written as a literal`, {
      remedy: 'use printable ASCII in session entries and versions',
    });
  }
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

import type { ModelDescription } from '../../engine/graph/describe.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { RunRecord } from '../run-record.ts';
import type { ResourceFigures } from './resource-figures.ts';
import type { Tuned } from './tuned.ts';

/** All that a target is rendered from. */
export interface ExportInput {
  /** With absolute paths. */
  readonly tuned: Tuned;
  /** Of the artifact: what its inputs and outputs are. */
  readonly model: ModelDescription;
  /** Names of the files that the artifact keeps weights in, relative to its folder. */
  readonly externalFiles: readonly string[];
  /** A DNS label (RFC 1123), from the model's name. */
  readonly name: string;
  /** The container image that the exported Dockerfile is built to. */
  readonly image: string;
  /** Of this package. */
  readonly version: string;
  readonly resources: ResourceFigures;
  /** The run and its trials; null when only a tuned.json was given. */
  readonly history: { readonly run: RunRecord; readonly trials: readonly TrialRecord[] } | null;
}

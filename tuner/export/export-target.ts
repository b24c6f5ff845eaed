import type { Coverage } from './coverage.ts';
import type { ExportInput } from './export-input.ts';

/** A file to write; `path` is relative to the target's folder, with `/` between names. */
export type ExportFile =
  | { readonly path: string; readonly text: string }
  /** A copy of a file, by its absolute path; `sha256` where it is known what it must be. */
  | { readonly path: string; readonly copyOf: string; readonly sha256?: string };

export interface ExportTarget {
  readonly name: string;
  /** What comes out, in one line. */
  readonly summary: string;
  readonly coverage: Coverage;
  /** What to do with the files, for the person who asked for them. */
  readonly next: (input: ExportInput) => string;
  /**
   * The files. `head` is what each of them says at its beginning, line by line: where it
   * comes from, what was measured, and what it cannot express.
   */
  render(input: ExportInput, head: readonly string[]): readonly ExportFile[];
}

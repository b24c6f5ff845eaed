import { oneLine } from './comment-lines.ts';
import { warningsOf } from './coverage.ts';
import type { ExportInput } from './export-input.ts';
import type { ExportFile, ExportTarget } from './export-target.ts';
import { headOf } from './provenance.ts';

/** What a target makes of a result. */
export interface RenderedExport {
  readonly target: string;
  /** What it cannot express, which its files say too. */
  readonly warnings: readonly string[];
  /** With the target's name before their paths. */
  readonly files: readonly ExportFile[];
  /** What to do with the files. */
  readonly next: string;
}

export function renderExport(target: ExportTarget, input: ExportInput): RenderedExport {
  const warnings = warningsOf(target.coverage, input).map(oneLine);
  const files = target.render(input, headOf(input, warnings));
  return {
    target: target.name,
    warnings,
    files: files.map((file) => ({ ...file, path: `${target.name}/${file.path}` })),
    next: target.next(input),
  };
}

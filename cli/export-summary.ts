import type { RenderedExport } from '../tuner/export/render-export.ts';

/** What was exported, for a person: the files of each target, what they lack, what to do. */
export function summarizeExport({
  output,
  rendered,
  mlflowRunId,
}: {
  readonly output: string;
  readonly rendered: readonly RenderedExport[];
  readonly mlflowRunId: string | null;
}): string {
  const blocks = rendered.map(({ target, files, warnings, next }) =>
    [
      target,
      ...files.map(({ path }) => `  ${output}/${path}`),
      ...warnings.map((warning) => `  warning: ${warning}`),
      `  next, in ${output}/${target}: ${next}`,
    ].join('\n'),
  );
  const sent = mlflowRunId === null ? [] : [`sent to MLflow as run ${mlflowRunId}`];
  return [...blocks, ...sent].join('\n\n');
}

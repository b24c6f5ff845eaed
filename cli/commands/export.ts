import { packageVersion } from '../../engine/base/package-info.ts';
import { createExportInput } from '../../tuner/export/create-input.ts';
import type { ExportInput } from '../../tuner/export/export-input.ts';
import { headOf } from '../../tuner/export/provenance.ts';
import { renderExport, type RenderedExport } from '../../tuner/export/render-export.ts';
import { sendMlflowRun } from '../../tuner/export/send-mlflow-run.ts';
import { mlflowRun } from '../../tuner/export/targets/mlflow.ts';
import { writeExport } from '../../tuner/export/write-export.ts';
import { exportOptionsSchema, planExport, type ExportOptions } from '../export-plan.ts';
import { findExportSource } from '../export-source.ts';
import { summarizeExport } from '../export-summary.ts';
import { interruptible } from '../interruption.ts';
import { machine } from '../measuring.ts';

/** `claw export RUN|tuned.json --to TARGET...`. */
export async function exportResult(result: string, rawOptions: unknown): Promise<number> {
  const options = exportOptionsSchema.parse(rawOptions);
  const targets = planExport(options);
  const { tuned, history } = await findExportSource(result, options.store);
  return interruptible('stopped: nothing was exported', async ({ signal, progress }) => {
    const { name, image, output, force } = options;
    const version = packageVersion();
    const input = await createExportInput(tuned, { history, version, name, image });
    const rendered = targets.map((target) => renderExport(target, input));
    progress.step(`writing to ${output}`);
    const files = rendered.flatMap((one) => one.files);
    const paths = await writeExport(output, files, { force, signal });
    const mlflowRunId = await sendWhereAsked(input, options, signal);
    progress.end();
    show(options, { rendered, paths, mlflowRunId });
    return 0;
  });
}

/** The id of the run on the tracking server; null where none was asked for. */
async function sendWhereAsked(
  input: ExportInput,
  { mlflowUrl, mlflowExperiment }: ExportOptions,
  signal: AbortSignal,
): Promise<string | null> {
  if (mlflowUrl === undefined) return null;
  return sendMlflowRun(mlflowRun(input, headOf(input, [])), {
    url: mlflowUrl,
    experiment: mlflowExperiment,
    signal,
    nowMs: machine.clock.date().getTime(),
  });
}

interface Shown {
  readonly rendered: readonly RenderedExport[];
  readonly paths: readonly string[];
  readonly mlflowRunId: string | null;
}

function show(options: ExportOptions, { rendered, paths, mlflowRunId }: Shown): void {
  const summary = { output: options.output, rendered, mlflowRunId };
  if (options.json !== true) {
    console.log(summarizeExport(summary));
    return;
  }
  const targets = rendered.map(({ target, warnings, files, next }) => ({
    target,
    files: files.map(({ path }) => path),
    warnings,
    next,
  }));
  console.log(JSON.stringify({ output: options.output, targets, written: paths, mlflowRunId }));
}

import { resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { buildInProcess } from '../../engine/artifacts/artifact-cache.ts';
import type { ArtifactReport } from '../../engine/artifacts/build-artifact.ts';
import { UsageError, UserError } from '../../engine/base/errors.ts';
import { formatBytes, formatNumber } from '../../engine/base/units.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { describeModel } from '../../engine/graph/describe.ts';
import { inputHints } from '../../engine/graph/input-hints.ts';
import { parsePasses, selectPasses } from '../../engine/graph/passes/registry.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { comparisonSamples } from '../../suites/data/comparison-samples.ts';
import { readNpz } from '../../suites/data/npz.ts';
import type { SpeedComparison } from '../../suites/speed/compare-speed.ts';
import { timeModels } from '../../suites/speed/time-models.ts';
import { interruptible } from '../interruption.ts';
import { machine } from '../measuring.ts';
import { parseCount, parseDims, workloadOptionsSchema } from '../option-values.ts';
import type { Progress } from '../progress.ts';

const optionsSchema = workloadOptionsSchema.extend({
  output: z.string(),
  passes: z.string(),
  provider: z.string(),
  bench: z.boolean(),
  json: z.boolean().optional(),
});
type Options = z.infer<typeof optionsSchema>;

const BUILD_TIMEOUT_MS = 600_000;
const BLOCKS = 10;
const BLOCK_MS = 200;

/** `claw optimize MODEL -o OUT`. */
export async function optimize(modelPath: string, rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const { pipeline, switches } = parsePasses(options.passes);
  selectPasses(pipeline, options.provider, switches);
  checkProvider(options.provider);
  await checkOutput(modelPath, options.output);
  return interruptible('stopped', async ({ signal, progress }) => {
    const job = {
      modelPath: resolve(modelPath),
      outPath: resolve(options.output),
      pipeline,
      switches,
      provider: options.provider,
      samples: await readSamples(modelPath, options),
    };
    const report = await buildInProcess(job, {
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
      onProgress: (text) => progress.step(text),
    });
    const seed = seedOf(options);
    const speed = options.bench ? await timeBoth(job, { progress, signal, seed }) : null;
    progress.end();
    show(options, report, speed);
    return 0;
  });
}

function checkProvider(provider: string): void {
  if (provider === 'cpu') return;
  throw new UsageError(`--provider '${provider}' is not available`, {
    remedy: 'this version optimizes for cpu',
  });
}

async function checkOutput(modelPath: string, output: string): Promise<void> {
  if (resolve(modelPath) === resolve(output)) {
    throw new UsageError('the output is the model itself', { remedy: 'give another name with -o' });
  }
  const found = await stat(output).catch(() => null);
  if (found?.isDirectory() === true) {
    throw new UserError(`cannot write ${output}: it is a folder`, { remedy: 'give a file name' });
  }
}

function seedOf(options: Options): number {
  return parseCount(options.seed, '--seed', 0);
}

async function readSamples(modelPath: string, options: Options): Promise<readonly Tensors[]> {
  const dims = parseDims(options.dim);
  const seed = seedOf(options);
  const model = await readModelFile(modelPath);
  const path = options.data;
  const data = path === undefined ? null : { path, arrays: await readNpz(path) };
  return comparisonSamples(describeModel(model), { dims, seed, data, hints: inputHints(model) });
}

async function timeBoth(
  job: {
    readonly modelPath: string;
    readonly outPath: string;
    readonly samples: readonly Tensors[];
  },
  around: { readonly progress: Progress; readonly signal: AbortSignal; readonly seed: number },
): Promise<SpeedComparison> {
  around.progress.step('timing it against the original');
  const [feeds = {}] = job.samples;
  return timeModels(
    {
      original: job.modelPath,
      rewritten: job.outPath,
      feeds,
      config: defaultEngineConfig(usableCores(machine.files)),
      blocks: BLOCKS,
      blockMs: BLOCK_MS,
      seed: around.seed,
    },
    { timeoutMs: BUILD_TIMEOUT_MS, signal: around.signal },
  );
}

function show(options: Options, report: ArtifactReport, speed: SpeedComparison | null): void {
  if (options.json === true) {
    console.log(JSON.stringify({ output: options.output, ...report, speed }));
    return;
  }
  console.log(
    [
      `${options.output}: ${report.nodesBefore} -> ${report.nodesAfter} nodes, ${formatBytes(report.sizeBytesBefore)} -> ${formatBytes(report.sizeBytesAfter)}`,
      `  largest difference to the original: ${report.difference.toPrecision(2)} of the largest output, on ${report.compared.samples} of ${report.compared.of} samples`,
      ...speedLines(speed),
      '',
      ...passLines(report),
      '',
      ...operatorLines(report),
    ].join('\n'),
  );
}

function speedLines(speed: SpeedComparison | null): string[] {
  if (speed === null) return [];
  const { speedup, originalMs, rewrittenMs, originalLoadMs, rewrittenLoadMs } = speed;
  return [
    `  a run: ${formatNumber(originalMs)} -> ${formatNumber(rewrittenMs)} ms, ${speedup.value.toFixed(3)} times as fast [${speedup.low.toFixed(3)}, ${speedup.high.toFixed(3)}] under the runtime's own level all`,
    `  loading: ${formatNumber(originalLoadMs)} -> ${formatNumber(rewrittenLoadMs)} ms`,
  ];
}

function passLines({ passes }: ArtifactReport): string[] {
  const width = Math.max(...passes.map((pass) => pass.pass.length), 4);
  return [
    `  ${'pass'.padEnd(width)}  rewrites  nodes`,
    ...passes.map(({ pass, rewrites, nodesRemoved, skipped }) => {
      const nodes = nodesRemoved === 0 ? '0' : String(-nodesRemoved);
      const first = skipped[0];
      const why =
        first === undefined
          ? ''
          : `  left ${skipped.length} alone, e.g. ${first.node}: ${first.reason}`;
      return `  ${pass.padEnd(width)}  ${String(rewrites).padStart(8)}  ${nodes.padStart(5)}${why}`;
    }),
  ];
}

function operatorLines({ operatorsBefore, operatorsAfter }: ArtifactReport): string[] {
  const names = [...new Set([...Object.keys(operatorsBefore), ...Object.keys(operatorsAfter)])];
  const changed = names.filter((name) => operatorsBefore[name] !== operatorsAfter[name]);
  return changed.map(
    (name) => `  ${name}: ${operatorsBefore[name] ?? 0} -> ${operatorsAfter[name] ?? 0}`,
  );
}

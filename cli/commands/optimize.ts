import { resolve } from 'node:path';
import { buildInProcess } from '../../engine/artifacts/artifact-cache.ts';
import type { ArtifactReport } from '../../engine/artifacts/build-artifact.ts';
import { UsageError } from '../../engine/base/errors.ts';
import { formatBytes } from '../../engine/base/units.ts';
import { describeModel } from '../../engine/graph/describe.ts';
import { inputHints } from '../../engine/graph/input-hints.ts';
import { parsePasses, selectPasses } from '../../engine/graph/passes/registry.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { comparisonSamples } from '../../suites/data/comparison-samples.ts';
import { readNpz } from '../../suites/data/npz.ts';
import type { SpeedComparison } from '../../suites/speed/compare-speed.ts';
import { interruptible } from '../interruption.ts';
import { parseCount, parseDims } from '../option-values.ts';
import {
  checkOutput,
  optimizeOptionsSchema,
  speedLines,
  timeBoth,
  writeWhole,
  type OptimizeOptions,
} from '../optimizing.ts';
import { quantize } from '../quantize.ts';
import { memoryLines, planSession, type SessionMemory } from '../session-memory.ts';

const BUILD_TIMEOUT_MS = 600_000;

/** `claw optimize MODEL -o OUT`. */
export async function optimize(
  modelPath: string,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = optimizeOptionsSchema.parse(rawOptions);
  if (options.precision !== 'fp32') {
    checkProvider(options.provider);
    return quantize(modelPath, options, given);
  }
  refuseVariantOptions(given);
  const { pipeline, switches } = parsePasses(options.passes);
  selectPasses(pipeline, options.provider, switches);
  checkProvider(options.provider);
  await checkOutput(modelPath, options);
  return interruptible('stopped', async ({ signal, progress }) => {
    const job = {
      modelPath: resolve(modelPath),
      outPath: resolve(options.output),
      pipeline,
      switches,
      provider: options.provider,
      samples: await readSamples(modelPath, options),
    };
    const onProgress = (text: string): void => progress.step(text);
    const report = await writeWhole(options.output, (outPath) =>
      buildInProcess({ ...job, outPath }, { timeoutMs: BUILD_TIMEOUT_MS, signal, onProgress }),
    );
    const seed = seedOf(options);
    const speed = options.bench ? await timeBoth(job, { progress, signal, seed }) : null;
    const written = { modelPath: job.outPath, samples: job.samples };
    const memory = await planSession(written, { progress, signal });
    progress.end();
    show(options, { report, speed, memory });
    return 0;
  });
}

/** What only a variant has a use for. */
const VARIANT_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['calibration', '--calibration'],
  ['blockSize', '--block-size'],
  ['minAccuracy', '--min-accuracy'],
  ['minAgreement', '--min-agreement'],
  ['minCosine', '--min-cosine'],
  ['minSqnr', '--min-sqnr'],
]);

function refuseVariantOptions(given: ReadonlySet<string>): void {
  for (const [name, flag] of VARIANT_OPTIONS) {
    if (!given.has(name)) continue;
    throw new UsageError(`${flag} belongs to a variant in another precision`, {
      remedy: 'add --precision int8-static, int8-dynamic, int4-weights or fp16',
    });
  }
}

function checkProvider(provider: string): void {
  if (provider === 'cpu') return;
  throw new UsageError(`--provider '${provider}' is not available`, {
    remedy: 'this version optimizes for cpu',
  });
}

function seedOf(options: OptimizeOptions): number {
  return parseCount(options.seed, '--seed', 0);
}

async function readSamples(
  modelPath: string,
  options: OptimizeOptions,
): Promise<readonly Tensors[]> {
  const dims = parseDims(options.dim);
  const seed = seedOf(options);
  const model = await readModelFile(modelPath);
  const path = options.data;
  const data = path === undefined ? null : { path, arrays: await readNpz(path) };
  return comparisonSamples(describeModel(model), { dims, seed, data, hints: inputHints(model) });
}

function show(
  options: OptimizeOptions,
  result: {
    readonly report: ArtifactReport;
    readonly speed: SpeedComparison | null;
    readonly memory: SessionMemory;
  },
): void {
  const { report, speed, memory } = result;
  if (options.json === true) {
    console.log(JSON.stringify({ output: options.output, ...report, speed, memory }));
    return;
  }
  console.log(
    [
      `${options.output}: ${report.nodesBefore} -> ${report.nodesAfter} nodes, ${formatBytes(report.sizeBytesBefore)} -> ${formatBytes(report.sizeBytesAfter)}`,
      `  largest difference to the original: ${report.difference.toPrecision(2)} of the largest output, on ${report.compared.samples} of ${report.compared.of} samples`,
      ...speedLines(speed),
      ...memoryLines(memory),
      '',
      ...passLines(report),
      '',
      ...operatorLines(report),
    ].join('\n'),
  );
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from '../engine/base/errors.ts';
import { formatBytes, formatCount, formatNumber, formatPercent } from '../engine/base/units.ts';
import { PRECISIONS } from '../engine/runtime/engine-config.ts';
import type { Tensors } from '../engine/runtime/tensor.ts';
import { openDataset } from '../suites/data/dataset.ts';
import { prepareModel } from '../suites/prepare-model.ts';
import { defaultFloors, type VariantPrecision } from '../suites/quantization/build-variants.ts';
import { splitSamples } from '../suites/quantization/split-samples.ts';
import { makeVariant, type VariantRequest } from '../suites/quantization/variant-cache.ts';
import type {
  SampleSource,
  VariantRecord,
  VariantTask,
} from '../suites/quantization/variant-job.ts';
import type { SpeedComparison } from '../suites/speed/compare-speed.ts';
import type { WorkloadSource } from '../suites/workload-source.ts';
import {
  checkOutput,
  speedLines,
  timeBoth,
  writeWhole,
  type OptimizeOptions,
} from './optimizing.ts';
import { interruptible } from './interruption.ts';
import { variantSettings } from './measuring.ts';
import { parseCount, parseDimLists, parseFloors } from './option-values.ts';
import { memoryLines, planSession, type SessionMemory } from './session-memory.ts';
import { checkVariantData } from './variant-data.ts';

const TIMEOUT_MS = 3_600_000;
const METHODS = ['auto', 'min-max', 'percentile', 'entropy', 'mse'] as const;

/** `claw optimize MODEL -o OUT --precision P`. */
export async function quantize(
  modelPath: string,
  options: OptimizeOptions,
  given: ReadonlySet<string>,
): Promise<number> {
  const settings = parseSettings(options, given);
  await checkOutput(modelPath, options);
  const folder = await mkdtemp(join(tmpdir(), 'claw-quantize-'));
  try {
    return await interruptible('stopped: nothing was written', async ({ signal, progress }) => {
      const onProgress = (text: string): void => progress.step(text);
      const sources = await prepareSources(modelPath, { options, settings, folder, onProgress });
      const task = taskOf(modelPath, { settings, sources });
      const asked = { dataPath: options.data ?? null, floors: settings.floors };
      const warnings = await checkVariantData(task, { ...asked, sources, onProgress });
      const report = await writeWhole(options.output, (outPath) =>
        makeVariant(
          { ...task, job: { ...task.job, outPath } },
          { timeoutMs: TIMEOUT_MS, signal, onProgress },
        ),
      );
      const seed = settings.seed;
      const samples = await firstSamples(sources);
      const job = { modelPath: resolve(modelPath), outPath: resolve(options.output), samples };
      const speed = options.bench ? await timeBoth(job, { progress, signal, seed }) : null;
      const written = { modelPath: job.outPath, samples };
      const memory = await planSession(written, { progress, signal });
      progress.end();
      show({ options, report, speed, memory, warnings, floors: task.job.floors });
      return 0;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Settings {
  readonly precision: VariantPrecision;
  readonly method: (typeof METHODS)[number];
  readonly blockSize: number;
  readonly floors: VariantTask['job']['floors'];
  /** Every combination of the sizes that were named. */
  readonly sizes: readonly Readonly<Record<string, number>>[];
  readonly seed: number;
}

function parseSettings(options: OptimizeOptions, given: ReadonlySet<string>): Settings {
  const precision = PRECISIONS.find((one) => one === options.precision);
  if (precision === undefined || precision === 'fp32') {
    throw new UsageError(`--precision '${options.precision}' is not known`, {
      remedy: `precisions: ${PRECISIONS.join(', ')}`,
    });
  }
  const method = METHODS.find((one) => one === options.calibration);
  if (method === undefined) {
    throw new UsageError(`--calibration '${options.calibration}' is not known`, {
      remedy: `methods: ${METHODS.join(', ')}`,
    });
  }
  if (given.has('passes')) {
    throw new UsageError(
      '--passes is fixed where --precision is given: variants are made from clean',
      { remedy: 'leave --passes out' },
    );
  }
  for (const [name, flag, of] of OF_ONE_PRECISION) {
    if (!given.has(name) || precision === of) continue;
    throw new UsageError(`${flag} belongs to ${of}, and --precision is ${precision}`, {
      remedy: `leave ${flag} out`,
    });
  }
  const blockSize = parseCount(options.blockSize, '--block-size', 16);
  if (![16, 32, 64, 128, 256].includes(blockSize)) {
    throw new UsageError(`--block-size ${blockSize} must be 16, 32, 64, 128 or 256`);
  }
  return {
    precision,
    method,
    blockSize,
    floors: parseFloors(options),
    sizes: combinations(Object.entries(parseDimLists(options.dim))),
    seed: parseCount(options.seed, '--seed', 0),
  };
}

/** Options that one precision alone has a use for. */
const OF_ONE_PRECISION = [
  ['calibration', '--calibration', 'int8-static'],
  ['blockSize', '--block-size', 'int4-weights'],
] as const;

function combinations(
  lists: readonly (readonly [string, readonly number[]])[],
): Record<string, number>[] {
  const [first, ...rest] = lists;
  if (first === undefined) return [{}];
  const [name, sizes] = first;
  return sizes.flatMap((size) => combinations(rest).map((others) => ({ [name]: size, ...others })));
}

/** The data in every size that was named; data from a file has one size. */
async function prepareSources(
  modelPath: string,
  around: {
    readonly options: OptimizeOptions;
    readonly settings: Settings;
    readonly folder: string;
    readonly onProgress: (text: string) => void;
  },
): Promise<WorkloadSource[]> {
  const { options, settings, folder, onProgress } = around;
  const sources: WorkloadSource[] = [];
  for (const dims of settings.sizes) {
    sources.push(
      await prepareModel({
        target: modelPath,
        dataPath: options.data ?? null,
        dims,
        seed: settings.seed,
        cacheFolder: folder,
        onProgress,
      }),
    );
  }
  return sources;
}

function taskOf(
  modelPath: string,
  around: {
    readonly settings: Settings;
    readonly sources: readonly WorkloadSource[];
  },
): VariantRequest {
  const { settings, sources } = around;
  const { kernels, threads } = variantSettings();
  const needsCalibration = settings.precision === 'int8-static';
  const named = sources.map((source) => ({ source, label: labelOf(source) }));
  const split = named.map(({ source, label }) => {
    const { datasetFolder, batch, samples } = source;
    const parts = splitSamples({
      datasetFolder,
      count: samples,
      batch,
      calibration: null,
      needsCalibration,
    });
    const labelled = (set: SampleSource): SampleSource => ({ ...set, name: `${set.name}${label}` });
    return { calibration: parts.calibration, evaluation: parts.evaluation.map(labelled) };
  });
  const hasLabels = sources.every((source) => source.labelled > 0);
  return {
    calibration: split.flatMap(({ calibration }) => (calibration === null ? [] : [calibration])),
    evaluation: split.flatMap(({ evaluation }) => evaluation),
    job: {
      modelPath: resolve(modelPath),
      precision: settings.precision,
      method: settings.method,
      int4BlockSize: settings.blockSize,
      floors: settings.floors.length > 0 ? settings.floors : [...defaultFloors(hasLabels)],
      ...kernels,
      threads,
    },
  };
}

function labelOf({ dims }: WorkloadSource): string {
  return Object.entries(dims)
    .map(([name, size]) => `, ${name} ${size}`)
    .join('');
}

/** A request, and one of twice the rows where the batch is free. */
async function firstSamples([source]: readonly WorkloadSource[]): Promise<readonly Tensors[]> {
  if (source === undefined) return [];
  const dataset = await openDataset(source.datasetFolder);
  try {
    if (source.batch !== 'free') return [await dataset.read(0, source.batch)];
    return [await dataset.read(0, 1), await dataset.read(0, 2)];
  } finally {
    await dataset.close();
  }
}

function show(result: {
  readonly options: OptimizeOptions;
  readonly report: VariantRecord;
  readonly speed: SpeedComparison | null;
  readonly memory: SessionMemory;
  readonly warnings: readonly string[];
  readonly floors: VariantTask['job']['floors'];
}): void {
  const { options, report, speed, memory, warnings, floors } = result;
  if (options.json === true) {
    const rest = { floors, speed, memory, warnings };
    console.log(JSON.stringify({ output: options.output, ...report, ...rest }));
    return;
  }
  const { sizeBytesBefore, sizeBytesAfter } = report;
  const saved = 1 - sizeBytesAfter / sizeBytesBefore;
  const change = `${formatPercent(Math.abs(saved))} ${saved < 0 ? 'larger' : 'smaller'}`;
  console.log(
    [
      `${options.output}: ${report.precision}, ${report.quantized} nodes or tensors quantized`,
      `  size: ${formatBytes(sizeBytesBefore)} -> ${formatBytes(sizeBytesAfter)}, ${change}`,
      ...calibrationLines(report),
      ...(report.precision === 'fp16'
        ? ['  fp16 is a storage format here: no CPU kernel computes in it, so it is no faster']
        : [`  integer kernels: ${formatPercent(report.integerShare)} of the time of all products`]),
      ...speedLines(speed),
      ...memoryLines(memory),
      '',
      '  quality against fp32',
      ...report.quality.map(qualityLine),
      `  floors: ${floors.map(({ kind, value }) => `${kind} ${formatNumber(value)}`).join(', ')}`,
      ...keptLines(report),
      ...warnings.map((text) => `  warning: ${text}`),
    ].join('\n'),
  );
}

function calibrationLines({ method, calibration }: VariantRecord): string[] {
  if (method === null || calibration === null) return [];
  const { requests, seconds, peakBytes } = calibration;
  return [
    `  calibration: ${method}; ${formatCount(requests, 'request')} observed in ${formatNumber(seconds)} s, peak memory ${formatBytes(peakBytes)}`,
  ];
}

function qualityLine(quality: VariantRecord['quality'][number]): string {
  const parts = [
    `cosine ${quality.cosine.toFixed(5)}`,
    `SQNR ${formatNumber(quality.sqnrDb)} dB`,
    ...(quality.agreement === null ? [] : [`top-1 agreement ${formatPercent(quality.agreement)}`]),
    ...(quality.accuracy === null || quality.originalAccuracy === null
      ? []
      : [
          `accuracy ${formatPercent(quality.accuracy)} (fp32 ${formatPercent(quality.originalAccuracy)})`,
        ]),
  ];
  return `    ${quality.set} (${quality.samples} samples): ${parts.join(', ')}`;
}

function keptLines({ kept, skipped }: VariantRecord): string[] {
  const shown = skipped.slice(0, 5);
  return [
    ...(kept.length === 0 ? [] : [`  kept in fp32 so that the floors hold: ${kept.join(', ')}`]),
    ...(shown.length === 0 ? [] : ['  left alone']),
    ...shown.map(({ node, reason }) => `    ${node}: ${reason}`),
    ...(skipped.length > shown.length ? [`    and ${skipped.length - shown.length} more`] : []),
  ];
}

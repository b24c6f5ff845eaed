import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildInProcess } from '../../engine/artifacts/artifact-cache.ts';
import { runtimeEvaluator } from '../../engine/artifacts/evaluator.ts';
import { countAfterRuntime } from '../../engine/artifacts/count-after-runtime.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { describeModel } from '../../engine/graph/describe.ts';
import { inputHints } from '../../engine/graph/input-hints.ts';
import { loadModel } from '../../engine/graph/model-file.ts';
import { optimizeModel } from '../../engine/graph/optimize.ts';
import { selectPasses } from '../../engine/graph/passes/registry.ts';
import { runChildTask } from '../../engine/runtime/child-task.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { comparisonSamples } from '../../suites/data/comparison-samples.ts';
import { readNpz } from '../../suites/data/npz.ts';
import { RESNET50, writeExportedResnet } from '../../suites/models/exported-resnet.ts';
import { timeModels } from '../../suites/speed/time-models.ts';
import { report } from './aim.ts';
import { benchTransformers } from './programs/graph-transformers.ts';

// What the passes do to exported models: nodes as written and after the runtime's
// own level `all`, the speed of `clean` and `all` against the original under that
// level (interleaved blocks, one run), and the time to load. A ResNet-50 as an
// exporter writes it is made here; `npm run bench:graph -- FOLDER` takes every
// .onnx of a folder too, with inputs from the .npz beside it. `--transformers` runs the
// section of transformers alone, `--short` without the time that its figures need.

/** Nodes that the runtime reaches by itself: [file written by clean, then loaded at level all]. */
const FLOORS: Readonly<Record<string, readonly [number, number]>> = {
  'resnet18s-raw.onnx': [49, 25],
  'mobilenetv2s.onnx': [100, 59],
  'unet.onnx': [27, 24],
  'bert-tiny.onnx': [140, 134],
};
const LOADED_FASTER: Readonly<Record<string, number>> = { 'mobilenetv2s.onnx': 1.5 };
const CONTEXT = { provider: 'cpu', evaluate: runtimeEvaluator, source: 'the model' };
const OPTIONS = { timeoutMs: 600_000, signal: new AbortController().signal };

const args = process.argv.slice(2);
const isShort = args.includes('--short');
const folder = args.find((argument) => !argument.startsWith('--'));
const scratch = mkdtempSync(join(tmpdir(), 'claw-bench-'));
try {
  await benchTransformers({ folder: folder ?? null, scratch, isShort });
  if (!args.includes('--transformers')) await benchEveryModel();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function benchEveryModel(): Promise<void> {
  if (folder !== undefined) {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.onnx'))) {
      await benchModel(join(folder, name));
    }
  }
  const resnet = join(scratch, 'resnet50.onnx');
  console.log('writing an exported-style ResNet-50');
  await writeExportedResnet(resnet, RESNET50);
  await benchReading(resnet);
  await benchModel(resnet);
  await benchChain(20_000);
}

/** What reading 100 MB costs: time and resident memory, in a process of its own. */
async function benchReading(path: string): Promise<void> {
  const program = new URL('./programs/read-model.ts', import.meta.url);
  const end = await runChildTask(program, { path }, OPTIONS);
  const { readMs, residentBytes } = end.reply as { readMs: number; residentBytes: number };
  const ratio = residentBytes / statSync(path).size;
  report('reading: resident memory', {
    value: ratio,
    unit: 'times the file',
    aim: 'under 1.3',
    met: ratio < 1.3,
  });
  report('reading: time', { value: readMs, unit: 'ms', aim: '150', met: readMs <= 150 });
  const startedMs = performance.now();
  const model = await loadModel(path);
  await optimizeModel(model, selectPasses('all', 'cpu'), CONTEXT);
  const seconds = (performance.now() - startedMs) / 1000;
  report('reading and all passes, ResNet-50', {
    value: seconds,
    unit: 's',
    aim: 'about 3',
    met: seconds < 4,
  });
}

/** Linear in nodes: a long chain, and one twice as long. */
async function benchChain(length: number): Promise<void> {
  const time = async (nodes: number): Promise<number> => {
    const builder = new ModelBuilder({ name: 'chain', opset: 17 });
    let last = builder.input('x', 'float32', ['N', 8]);
    for (let index = 0; index < nodes; index += 1) {
      last = builder.node(index % 2 === 0 ? 'Abs' : 'Identity', [last]);
    }
    builder.output(last, 'float32', ['N', 8]);
    const startedMs = performance.now();
    await optimizeModel(builder.build(), selectPasses('all', 'cpu'), CONTEXT);
    return (performance.now() - startedMs) / 1000;
  };
  await time(1000);
  const half = await time(length / 2);
  const whole = await time(length);
  report(`a chain of ${length}`, { value: whole, unit: 's', aim: 'about 10', met: whole < 12 });
  report('twice the nodes take', {
    value: whole / half,
    unit: 'times',
    aim: 'about 2',
    met: whole / half < 3,
  });
}

async function benchModel(path: string): Promise<void> {
  const name = basename(path);
  const model = await loadModel(path);
  const data = path.replace(/\.onnx$/, '.npz');
  const isGiven = statSync(data, { throwIfNoEntry: false }) !== undefined;
  const samples = comparisonSamples(describeModel(model), {
    dims: {},
    data: isGiven ? { path: data, arrays: await readNpz(data) } : null,
    hints: inputHints(model),
    seed: 1,
  });
  for (const pipeline of ['clean', 'all'] as const) {
    const outPath = join(scratch, `${pipeline}-${name}`);
    const built = await buildInProcess(
      {
        modelPath: path,
        outPath,
        pipeline,
        switches: { on: [], off: [] },
        provider: 'cpu',
        samples,
      },
      OPTIONS,
    );
    const loaded = await countAfterRuntime(outPath, 'all');
    console.log(
      `${name} ${pipeline}: ${built.nodesBefore} -> ${built.nodesAfter} nodes, ${loaded} at level all, difference ${built.difference.toPrecision(2)}`,
    );
    const floor = FLOORS[name];
    if (pipeline === 'clean' && floor !== undefined) {
      const [written, atAll] = floor;
      report(`  ${name}: nodes written`, atMost(built.nodesAfter, written, 'nodes'));
      report(`  ${name}: nodes at level all`, atMost(loaded, atAll, 'nodes'));
    }
    await benchSpeed({ path, outPath, pipeline, feeds: samples[0] ?? {} });
  }
}

async function benchSpeed(job: {
  readonly path: string;
  readonly outPath: string;
  readonly pipeline: string;
  readonly feeds: Tensors;
}): Promise<void> {
  const name = basename(job.path);
  const speed = await timeModels(
    {
      original: job.path,
      rewritten: job.outPath,
      feeds: job.feeds,
      config: defaultEngineConfig(usableCores(systemFiles())),
      blocks: 12,
      blockMs: 150,
      seed: 1,
    },
    OPTIONS,
  );
  const { value, low, high } = speed.speedup;
  report(`  ${name} ${job.pipeline}: speed against the original`, {
    value,
    unit: `times [${low.toFixed(3)}, ${high.toFixed(3)}]`,
    aim: 'not below 1 beyond noise',
    met: high >= 0.99,
  });
  const wanted = job.pipeline === 'clean' ? (LOADED_FASTER[name] ?? 1) : 1;
  const ratio = speed.originalLoadMs / speed.rewrittenLoadMs;
  report(`  ${name} ${job.pipeline}: loading`, {
    value: ratio,
    unit: `times as fast (${speed.originalLoadMs.toFixed(1)} -> ${speed.rewrittenLoadMs.toFixed(1)} ms)`,
    aim: `${wanted}`,
    met: ratio >= wanted * 0.95,
  });
}

function atMost(
  value: number,
  most: number,
  unit: string,
): { value: number; unit: string; aim: string; met: boolean } {
  return { value, unit, aim: `at most ${most}`, met: value <= most };
}

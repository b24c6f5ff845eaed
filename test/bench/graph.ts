import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildInProcess } from '../../engine/artifacts/artifact-cache.ts';
import { countAfterRuntime } from '../../engine/artifacts/count-after-runtime.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { describeModel } from '../../engine/graph/describe.ts';
import { inputHints } from '../../engine/graph/input-hints.ts';
import { loadModel } from '../../engine/graph/model-file.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { comparisonSamples } from '../../suites/data/comparison-samples.ts';
import { readNpz } from '../../suites/data/npz.ts';
import { timeModels } from '../../suites/speed/time-models.ts';
import { report } from './aim.ts';

// What the passes do to exported models: nodes as written and after the runtime's
// own level `all`, the speed of `clean` and `all` against the original under that
// level (interleaved blocks, one run), and the time to load. Give a folder of
// exports: `npm run bench:graph -- FOLDER`.

/** Nodes that the runtime reaches by itself: [file written by clean, then loaded at level all]. */
const FLOORS: Readonly<Record<string, readonly [number, number]>> = {
  'resnet18s-raw.onnx': [49, 25],
  'mobilenetv2s.onnx': [100, 59],
  'unet.onnx': [27, 24],
  'bert-tiny.onnx': [140, 134],
};
const LOADED_FASTER: Readonly<Record<string, number>> = { 'mobilenetv2s.onnx': 1.5 };
const OPTIONS = { timeoutMs: 600_000, signal: new AbortController().signal };

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('give a folder of .onnx files: npm run bench:graph -- FOLDER');
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'claw-bench-'));
try {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.onnx'))) {
    await benchModel(join(folder, name));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
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

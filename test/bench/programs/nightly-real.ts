import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createRandom } from '../../../engine/base/random.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { report } from '../aim.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'claw.js');
/** Ten nights of history, and one more on which nothing has changed. */
const QUIET_NIGHTS = 11;
const LAYERS = 20;
/** A quarter more work: what a machine that others use too can still tell. */
const SLOWED_LAYERS = 25;
const WIDTH = 256;

const resultSchema = z.object({
  exitCode: z.int(),
  jobs: z.array(z.object({ summary: z.string(), result: z.string() })),
});

const PLAN = `schema: openclaw.nightly/1
control: {target: control.onnx, config: default}
blocks: 4
trial: 300ms
jobs:
  - {name: layers, target: candidate.onnx, config: default}
`;

/**
 * A machine that others use moves the control, and such a night says nothing: another one
 * is run, as often as a lasting change takes to become the usual level.
 */
const MOST_REPEATS = 4;

/** Nights on this machine: the same model for eleven, then a slower one under its name. */
export async function realNights(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'claw-nights-'));
  try {
    writeFileSync(join(folder, 'nightly.yaml'), PLAN);
    writeFileSync(join(folder, 'control.onnx'), layersModel(LAYERS));
    writeFileSync(join(folder, 'candidate.onnx'), layersModel(LAYERS));
    for (let night = 1; night < QUIET_NIGHTS; night += 1) await runOne(folder, `night ${night}`);
    await judged(folder, { what: 'the unchanged model', aim: 'ok' });
    writeFileSync(join(folder, 'candidate.onnx'), layersModel(SLOWED_LAYERS));
    await judged(folder, { what: 'the slowed model', aim: 'regressed' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs nights until one has a verdict, and reports it. */
async function judged(
  folder: string,
  { what, aim }: { readonly what: string; readonly aim: string },
): Promise<void> {
  let nights = 0;
  let result = 'inconclusive';
  while (result === 'inconclusive' && nights < MOST_REPEATS) {
    nights += 1;
    result = await runOne(folder, `a night of ${what}`);
  }
  report(`measured: ${what} is called ${result}, after nights`, {
    value: nights,
    unit: '',
    aim,
    met: result === aim,
  });
}

/** A chain of square products: as many times the work as it has layers. */
function layersModel(layers: number): Uint8Array {
  const builder = new ModelBuilder({ name: 'layers', opset: 17 });
  const random = createRandom(1, 'weights');
  let last = builder.input('x', 'float32', ['N', WIDTH]);
  for (let layer = 0; layer < layers; layer += 1) {
    const data = Float32Array.from(
      { length: WIDTH * WIDTH },
      () => random.normal() / Math.sqrt(WIDTH),
    );
    const weights = builder.initializer(`w${layer}`, {
      type: 'float32',
      dims: [WIDTH, WIDTH],
      data,
    });
    last = builder.node('MatMul', [last, weights], {
      outputs: [layer === layers - 1 ? 'y' : `y${layer}`],
    });
  }
  builder.output(last, 'float32', ['N', WIDTH]);
  return writeModel(builder.build());
}

/** One `claw nightly`; the result of its only job. */
async function runOne(folder: string, what: string): Promise<string> {
  const child = spawn(process.execPath, [LAUNCHER, 'nightly', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await new Promise((resolve) => child.once('close', resolve));
  const { jobs } = resultSchema.parse(JSON.parse(stdout));
  const [job] = jobs;
  console.log(`${what}: ${job?.summary ?? 'nothing was measured'}`);
  return job?.result ?? 'none';
}

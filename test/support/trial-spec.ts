import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { writeDataset } from '../../suites/data/dataset.ts';
import { runTrial, type RunTrialOptions, type TrialOutcome } from '../../suites/trial/run-trial.ts';
import type { TrialSpec } from '../../suites/trial/trial-spec.ts';
import { writeLinearDataset, writeLinearModel } from './tiny-models.ts';

export type TestedSpec = Omit<TrialSpec, 'spawnedAtMs'>;

/** One sleeping thread, and a tenth of a second of measuring. */
const QUICK = {
  goldenFolder: null,
  config: { ...defaultEngineConfig(1), spinning: false },
  scenario: { name: 'closed-loop' },
  seed: 1,
  protocol: {
    windowMs: 20,
    warmupMinRequests: 5,
    warmupMaxMs: 100,
    measureMs: 100,
    measureMinRequests: 10,
    measureMaxMs: 2000,
  },
  evaluationCount: 0,
  idleMs: 0,
} as const satisfies Partial<TestedSpec>;

/** A quick trial of the linear model: microseconds a sample. */
export async function linearSpec(
  folder: string,
  differences: Partial<TestedSpec> = {},
): Promise<TestedSpec> {
  const datasetFolder = await writeLinearDataset(folder);
  return { ...QUICK, modelPath: writeLinearModel(folder), datasetFolder, ...differences };
}

const ROWS = 256;
const WIDTH = 512;
const LAYERS = 4;

/** A quick trial of four products of 256 x 512 by 512 x 512: milliseconds of arithmetic. */
export async function heavySpec(
  folder: string,
  differences: Partial<TestedSpec> = {},
): Promise<TestedSpec> {
  const builder = new ModelBuilder({ name: 'heavy', opset: 17 });
  let value = builder.input('x', 'float32', ['N', ROWS, WIDTH]);
  const data = new Float32Array(WIDTH * WIDTH).fill(1 / WIDTH);
  const w = builder.initializer('w', { type: 'float32', dims: [WIDTH, WIDTH], data });
  for (let layer = 0; layer < LAYERS; layer += 1) value = builder.node('MatMul', [value, w]);
  builder.output(value, 'float32', ['N', ROWS, WIDTH]);
  const modelPath = join(folder, 'heavy.onnx');
  writeFileSync(modelPath, writeModel(builder.build()));
  const datasetFolder = join(folder, 'heavy-data');
  const sample = new Float32Array(ROWS * WIDTH).fill(1);
  const x = { name: 'x', type: 'float32', dims: [ROWS, WIDTH], batched: true } as const;
  await writeDataset(datasetFolder, { count: 1, inputs: [{ ...x, data: sample }], labels: null });
  return { ...QUICK, modelPath, datasetFolder, ...differences };
}

export function runQuickly(
  spec: TestedSpec,
  options: Partial<RunTrialOptions> = {},
): Promise<TrialOutcome> {
  const { signal } = new AbortController();
  return runTrial(spec, { timeoutMs: 20_000, signal, files: systemFiles(), ...options });
}

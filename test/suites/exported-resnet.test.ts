import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeModel } from '../../engine/graph/describe.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { createSession } from '../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import { RESNET18, RESNET50, writeExportedResnet } from '../../suites/models/exported-resnet.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// Convolutions with a norm each, Relu and sums: He et al., table 1.
const PLANS = [
  { plan: RESNET50, convolutions: 53, activations: 49, sums: 16 },
  { plan: RESNET18, convolutions: 20, activations: 17, sums: 8 },
];

test.each(PLANS)(
  '$plan.name is written as an exporter writes it, its norms calibrated',
  { timeout: 60_000 },
  async ({ plan, convolutions, activations, sums }) => {
    const path = join(temporaryFolder(), 'resnet.onnx');
    await writeExportedResnet(path, plan);
    expect(describeModel(await readModelFile(path)).operators).toMatchObject({
      Conv: convolutions,
      BatchNormalization: convolutions,
      Identity: 4 * convolutions,
      Relu: activations,
      Add: sums,
    });
    const session = await createSession(path, toSessionOptions(defaultEngineConfig(1)));
    const data = new Float32Array(3 * plan.side ** 2).map((_, index) => Math.sin(index));
    const { logits } = await session.run({
      image: { type: 'float32', dims: [1, 3, plan.side, plan.side], data },
    });
    await session.close();
    const values = Array.from(logits?.data as Float32Array);
    expect(logits?.dims).toEqual([1, 1000]);
    // Uncalibrated norms would let activations grow or vanish through the layers.
    const spread = Math.max(...values) - Math.min(...values);
    expect(spread).toBeGreaterThan(0.1);
    expect(spread).toBeLessThan(100);
  },
);

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeModel } from '../../engine/graph/describe.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { createSession } from '../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import { writeExportedResnet50 } from '../../suites/models/exported-resnet50.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test(
  'ResNet-50 is written as an exporter writes it, its norms calibrated',
  { timeout: 60_000 },
  async () => {
    const path = join(temporaryFolder(), 'resnet50.onnx');
    await writeExportedResnet50(path);
    // 53 convolutions with a norm each, 49 Relu, 16 sums: He et al., table 1.
    expect(describeModel(await readModelFile(path)).operators).toMatchObject({
      Conv: 53,
      BatchNormalization: 53,
      Identity: 4 * 53,
      Relu: 49,
      Add: 16,
    });
    const session = await createSession(path, toSessionOptions(defaultEngineConfig(1)));
    const data = new Float32Array(3 * 224 * 224).map((_, index) => Math.sin(index));
    const { logits } = await session.run({
      image: { type: 'float32', dims: [1, 3, 224, 224], data },
    });
    await session.close();
    const values = Array.from(logits?.data as Float32Array);
    expect(logits?.dims).toEqual([1, 1000]);
    // Uncalibrated norms would let activations grow or vanish over 50 layers.
    const spread = Math.max(...values) - Math.min(...values);
    expect(spread).toBeGreaterThan(0.1);
    expect(spread).toBeLessThan(100);
  },
);

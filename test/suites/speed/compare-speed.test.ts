import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import type { SpeedJob } from '../../../suites/speed/compare-speed.ts';
import { timeModels } from '../../../suites/speed/time-models.ts';
import { normal } from '../../engine/graph/passes/check-pass.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const OPTIONS = { timeoutMs: 60_000, signal: new AbortController().signal };

/** As many matrix products of 96 x 96 one after the other. */
function writeChain(folder: string, products: number): string {
  const builder = new ModelBuilder({ name: 'chain', opset: 17 });
  const x = builder.input('x', 'float32', [96, 96]);
  let last = x;
  for (let index = 0; index < products; index += 1) last = builder.node('MatMul', [last, x]);
  builder.output(last, 'float32', [96, 96]);
  const path = join(folder, `${products}.onnx`);
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

function job(folder: string, products: readonly [number, number]): SpeedJob {
  const [original, rewritten] = products;
  return {
    original: writeChain(folder, original),
    rewritten: writeChain(folder, rewritten),
    feeds: { x: normal([96, 96]) },
    config: { ...defaultEngineConfig(1), spinning: false },
    blocks: 6,
    blockMs: 40,
    seed: 1,
  };
}

test('a model of a quarter of the work is found to be faster, the interval well above 1', async () => {
  const { speedup, originalMs, rewrittenMs, originalLoadMs } = await timeModels(
    job(temporaryFolder(), [16, 4]),
    OPTIONS,
  );
  expect(speedup.low).toBeGreaterThan(1.2);
  expect(originalMs).toBeGreaterThan(rewrittenMs);
  expect(originalLoadMs).toBeGreaterThan(0);
});

test('a model that does not load is named', async () => {
  const folder = temporaryFolder();
  const broken = { ...job(folder, [1, 1]), rewritten: join(folder, 'absent.onnx') };
  await expect(timeModels(broken, OPTIONS)).rejects.toThrow(/absent\.onnx/);
});

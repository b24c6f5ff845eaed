import { median, quantileOfSorted } from '../../../engine/base/statistics.ts';
import { createSession } from '../../../engine/runtime/binding.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { report } from '../aim.ts';
import { ONE_THREAD } from './engine-models.ts';

/** Of one batch: long beside the clock's resolution, short beside the machine's disturbances. */
const CALLS = 200;
const AIM_US = 5;

/**
 * What `infer` adds to a run of the same session's kind in this thread: batches of calls of
 * either take turns, which begin with the one and with the other. The figure is the median of
 * the differences within a pair of batches.
 */
export async function inlineOverhead(folder: string, short: boolean): Promise<void> {
  const path = writeLinearModel(folder);
  const engine = await Engine.open({ artifact: path, config: ONE_THREAD });
  const session = await createSession(path, toSessionOptions(ONE_THREAD));
  const feeds: Tensors = { x: { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) } };
  const infer = (): Promise<Tensors> => engine.infer(feeds);
  const bare = (): Promise<Tensors> => session.run(feeds);
  await callUs(infer);
  await callUs(bare);
  const pairs: { readonly bareUs: number; readonly overheadUs: number }[] = [];
  for (let pair = 0; pair < (short ? 60 : 600); pair += 1) {
    const early = await callUs(pair % 2 === 0 ? bare : infer);
    const late = await callUs(pair % 2 === 0 ? infer : bare);
    const [bareUs, inferUs] = pair % 2 === 0 ? [early, late] : [late, early];
    pairs.push({ bareUs, overheadUs: inferUs - bareUs });
  }
  await engine.close();
  await session.close();
  const sorted = Float64Array.from(pairs, ({ overheadUs }) => overheadUs).sort();
  const [low, high] = [0.25, 0.75].map((part) => quantileOfSorted(sorted, part).toFixed(2));
  const bareUs = median(pairs.map((pair) => pair.bareUs)).toFixed(2);
  const value = quantileOfSorted(sorted, 0.5);
  report('inline infer, more than a bare run of a tiny model', {
    value,
    unit: `us (quartiles ${low} and ${high}; a bare run takes ${bareUs} us)`,
    aim: `at most ${AIM_US}`,
    met: value <= AIM_US,
  });
}

/** Mean of a batch of calls, one after the other, in microseconds. */
async function callUs(call: () => Promise<Tensors>): Promise<number> {
  const startedMs = performance.now();
  for (let count = 0; count < CALLS; count += 1) await call();
  return (1000 * (performance.now() - startedMs)) / CALLS;
}

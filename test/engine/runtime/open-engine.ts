import { onTestFinished } from 'vitest';
import { defaultEngineConfig, type EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { Engine, type EngineOptions } from '../../../engine/runtime/engine.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';

const base: EngineConfig = { ...defaultEngineConfig(1), spinning: false };

/** Every kind of engine keeps the same promises. */
export const ENGINES: readonly (readonly [string, EngineConfig])[] = [
  ['one inline replica', base],
  ['two thread replicas', { ...base, isolation: 'thread', replicas: 2 }],
  ['two process replicas', { ...base, isolation: 'process', replicas: 2 }],
];

/** On the linear model unless told otherwise; closes when the test ends. */
export async function openEngine(
  config: Partial<EngineConfig>,
  options: Partial<Omit<EngineOptions, 'config'>> = {},
): Promise<Engine> {
  const engine = await Engine.open({
    artifact: options.artifact ?? writeLinearModel(temporaryFolder()),
    ...options,
    config: { ...base, ...config },
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** Feeds of the linear model, whose answer to rows (a, b) is rows (a, b, a + b). */
export function rows(...values: readonly number[]): Tensors {
  const data = Float32Array.from(values);
  return { x: { type: 'float32', dims: [values.length / 2, 2], data } };
}

/** The numbers of output `y`. */
export function numbersOf(answer: Tensors): readonly unknown[] {
  return [...(answer['y']?.data ?? [])];
}

/** What promises reject with, in their order; null where one resolves. */
export function errorsOf(promises: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  return Promise.all(
    promises.map((promise) =>
      promise.then(
        () => null,
        (thrown: unknown) => thrown,
      ),
    ),
  );
}

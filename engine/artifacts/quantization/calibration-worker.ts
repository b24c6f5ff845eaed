import {
  ActivationHistogram,
  type PlainHistogram,
} from '../../graph/quantization/calibration/histogram.ts';
import { createSession, type Session } from '../../runtime/binding.ts';
import { defaultEngineConfig } from '../../runtime/engine-config.ts';
import { toSessionOptions } from '../../runtime/session-options.ts';
import type { Tensors } from '../../runtime/tensor.ts';

/** What a worker is asked: samples to run, and the outputs to look at. */
export interface CalibrationTask {
  readonly modelPath: string;
  readonly targets: readonly string[];
  /** In shared memory. */
  readonly samples: readonly Tensors[];
}

let kept: { readonly path: string; readonly session: Session } | null = null;

/** Runs the samples and gives a histogram of each target, to be merged with others'. */
export async function observe(task: CalibrationTask): Promise<Record<string, PlainHistogram>> {
  const session = await sessionOf(task.modelPath);
  const histograms = new Map(task.targets.map((name) => [name, new ActivationHistogram()]));
  for (const feeds of task.samples) {
    const outputs = await session.run(feeds);
    for (const [name, histogram] of histograms) {
      // An input of the graph may be a target; the runtime gives it back as an output.
      const data = (outputs[name] ?? feeds[name])?.data;
      if (data instanceof Float32Array) histogram.add(data);
    }
  }
  return Object.fromEntries(
    [...histograms].map(([name, histogram]) => [name, histogram.toPlain()]),
  );
}

export async function release(): Promise<void> {
  await kept?.session.close();
  kept = null;
}

/** One session a worker, on one thread: the workers share the cores. */
async function sessionOf(path: string): Promise<Session> {
  if (kept?.path === path) return kept.session;
  await release();
  const config = { ...defaultEngineConfig(1), spinning: false, graphLevel: 'extended' } as const;
  kept = { path, session: await createSession(path, toSessionOptions(config)) };
  return kept.session;
}

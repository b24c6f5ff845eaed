import type { BenchPlan } from '../../cli/bench-plan.ts';

/** The default configuration of a model, closed-loop for 1 s, with changes. */
export function benchPlan(changes: Partial<BenchPlan> = {}): BenchPlan {
  return {
    target: 'fake.onnx',
    dataPath: null,
    dims: {},
    seed: 1,
    config: { kind: 'default' },
    against: null,
    load: { kind: 'fixed', scenario: { name: 'closed-loop' } },
    durationMs: 1000,
    ...changes,
  };
}

import { expect, test } from 'vitest';
import { reproduceCommands } from '../../reports/reproduce.ts';
import { runRecord, workload } from './fixtures.ts';

const tuneLine = (run: ReturnType<typeof runRecord>) => reproduceCommands(run)[0]?.line;

test('a suite is tuned again with its bound, budget and seed', () => {
  expect(tuneLine(runRecord())).toBe(
    "claw tune inspection --slo 'p99<66ms' --budget 3m --duration 1s --seed 7",
  );
});

test('a model is tuned again with its data, dims and every constraint', () => {
  const run = runRecord({
    workload: workload({
      suite: null,
      target: "it's mine.onnx",
      data: { kind: 'file', path: 'data/a b.npz', description: '12 samples' },
      dims: { seq: 128 },
    }),
    constraints: [
      { kind: 'latency', percentile: 'p90', limitMs: 1500 },
      { kind: 'memory', limitBytes: 512 * 2 ** 20 },
      { kind: 'memory', limitBytes: 1_000_000 },
      { kind: 'accuracy', floor: 0.95 },
    ],
    budget: { timeMs: null, trials: 40 },
  });
  expect(tuneLine(run)).toBe(
    "claw tune 'it'\\''s mine.onnx' --data 'data/a b.npz' --dim seq=128 --slo 'p90<1500ms' " +
      '--max-memory 512MiB --max-memory 1000000 --min-accuracy 0.95 --trials 40 --duration 1s --seed 7',
  );
});

test('the shipped configuration is measured and the page written by name', () => {
  const lines = reproduceCommands(runRecord()).map((command) => command.line);
  expect(lines).toContain('claw bench --config tuned.json');
  expect(lines).toContain('claw report 20260301-100000-k3f9');
});

test('a run that ships nothing has no configuration to measure again', () => {
  const nothing = { kind: 'nothing-feasible', nearest: null, reason: 'none' } as const;
  for (const outcome of [null, nothing]) {
    const lines = reproduceCommands(runRecord({ outcome })).map((command) => command.line);
    expect(lines).toHaveLength(2);
  }
});

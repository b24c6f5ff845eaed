import type { TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import { expect, test } from 'vitest';
import { bestSoFarChart } from '../../reports/charts/best-so-far.ts';
import { knobEffectChart, knobEffects, sharedScale } from '../../reports/charts/knob-effect.ts';
import { drawnBound, throughputLatencyChart } from '../../reports/charts/throughput-latency.ts';
import { verificationPairsChart } from '../../reports/charts/verification-pairs.ts';
import { type RunView, viewRun } from '../../reports/run-view.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import {
  completedTrial,
  configWith,
  endedTrial,
  runRecord,
  trialsOfRun,
  verificationOf,
} from './fixtures.ts';

const view = (trials: readonly TrialRecord[], changes: Partial<RunRecord> = {}): RunView =>
  viewRun(runRecord(changes), trials);

const small = view(trialsOfRun({ search: 7 }));

/** Compiles with a logger that turns every warning of Vega-Lite into a failure. */
function compiled(spec: TopLevelSpec | undefined): string {
  if (spec === undefined) throw new Error('there is no chart');
  const fail = (...messages: readonly unknown[]): never => {
    throw new Error(messages.map(String).join(' '));
  };
  const quiet = {
    level: () => quiet,
    error: fail,
    warn: fail,
    info: () => quiet,
    debug: () => quiet,
  };
  return JSON.stringify(compile(spec, { logger: quiet }).spec);
}

function allCharts(of: RunView): (TopLevelSpec | undefined)[] {
  const effects = knobEffects(of);
  const panels = effects.map((effect) => knobEffectChart(effect, sharedScale(effects)));
  const pairs = verificationPairsChart(verificationOf(1.62));
  return [throughputLatencyChart(of), bestSoFarChart(of), pairs, ...panels];
}

test('throughput against latency', () => {
  expect(throughputLatencyChart(small)).toMatchSnapshot();
});

test('best so far', () => {
  expect(bestSoFarChart(small)).toMatchSnapshot();
});

test('effect of a knob', () => {
  const effects = knobEffects(small);
  const batch = effects.find((effect) => effect.knob.name === 'batch.maxSize');
  if (batch === undefined) throw new Error('the batch size varied');
  expect(knobEffectChart(batch, sharedScale(effects))).toMatchSnapshot();
});

test('verification pairs', () => {
  expect(verificationPairsChart(verificationOf(1.62))).toMatchSnapshot();
});

test('no chart makes Vega-Lite warn', () => {
  for (const chart of allCharts(view(trialsOfRun()))) expect(compiled(chart)).not.toBe('');
});

test('without a completed trial there is nothing to draw', () => {
  const failed = view([endedTrial({ state: 'failed', message: 'no' })], { outcome: null });
  expect(throughputLatencyChart(failed)).toBeUndefined();
  expect(bestSoFarChart(failed)).toBeUndefined();
  expect(knobEffects(failed)).toEqual([]);
});

test('one trial is drawn on axes that have a length', () => {
  const one = view([completedTrial()], { outcome: null });
  for (const chart of [throughputLatencyChart(one), bestSoFarChart(one)]) {
    for (const [low, high] of positionDomains(compiled(chart))) expect(low).toBeLessThan(high);
  }
  expect(knobEffects(one)).toEqual([]);
});

function positionDomains(spec: string): [number, number][] {
  const { scales } = JSON.parse(spec) as { scales: { name: string; domain: unknown }[] };
  return scales
    .filter((scale) => scale.name === 'x' || scale.name === 'y')
    .map((scale) => scale.domain as [number, number]);
}

test('a knob that took one value has no panel', () => {
  const names = knobEffects(
    view([completedTrial(), completedTrial({ config: configWith({ batchSize: 4 }), sequence: 1 })]),
  ).map((effect) => effect.knob.name);
  expect(names).toEqual(['batch.maxSize']);
});

test('panels come by effect, strongest first, with the median of each value', () => {
  const at = (batchSize: number, spinning: boolean, noise: number, sequence: number) =>
    completedTrial({ config: configWith({ batchSize, spinning }), noise, sequence });
  const [first, second] = knobEffects(
    view([at(1, true, 1, 0), at(8, true, 2, 1), at(1, false, 1, 2), at(8, false, 2, 3)]),
  );
  expect([first?.knob.name, second?.knob.name]).toEqual(['batch.maxSize', 'spinning']);
  // Modelled: batch 8 gives 1.21 times, doubled here; no spinning takes 3 %.
  expect(first?.medians.map((item) => item.text)).toEqual(['0.99', '2.38']);
});

test('figures that are not finite or not positive are left out of the data', () => {
  const broken = { ...completedTrial({ config: configWith({ batchSize: 4 }), sequence: 1 }) };
  const metrics = { ...broken.metrics, qps: Number.NaN };
  const withNaN = view([completedTrial(), { ...broken, metrics }]);
  const texts = allCharts(withNaN).map((chart) => compiled(chart));
  // What JSON makes of NaN.
  expect(texts.join('')).not.toMatch(/"(qps|ratio|latencyMs|minutes)":null/);
});

test('the axis follows the percentile that is bounded', () => {
  const constraints = [{ kind: 'latency', percentile: 'p50', limitMs: 2 } as const];
  const text = compiled(throughputLatencyChart(view(trialsOfRun(), { constraints })));
  expect(text).toContain('p50 latency of a request');
  expect(text).toContain('bound 2 ms');
});

test('a bound far off is not drawn, so that the points keep their room', () => {
  const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 60_000 } as const];
  const far = view(trialsOfRun(), { constraints });
  expect(drawnBound(far)).toBeUndefined();
  expect(compiled(throughputLatencyChart(far))).not.toContain('bound');
});

test('an arm that breaks the accuracy floor is not on the front', () => {
  const fast = completedTrial({
    config: configWith({ batchSize: 2 }),
    sequence: 1,
    noise: 9,
    metrics: { quality: { accuracy: { value: 0.5, correct: 500, count: 1000 } } },
  });
  const constraints = [{ kind: 'accuracy', floor: 0.95 } as const];
  const chart = throughputLatencyChart(view([completedTrial(), fast], { constraints }));
  const layers = (chart as { layer: { mark: { type: string }; data: { values: unknown[] } }[] })
    .layer;
  const front = layers.find((layer) => layer.mark.type === 'line');
  expect(front?.data.values).toHaveLength(1);
});

test('a single pair is drawn without an interval', () => {
  const all = verificationOf(1.5);
  const one = { ...all, pairs: all.pairs.slice(0, 1), ratio: { value: 1.5, low: 0, high: 1e9 } };
  const text = compiled(verificationPairsChart(one));
  expect(text).toContain('pair 1, AB');
  expect(text).not.toContain('1000000000');
});

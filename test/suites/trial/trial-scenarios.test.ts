import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostEnvironmentSchema } from '../../../hosts/profile/environment-record.ts';
import { writeDataset } from '../../../suites/data/dataset.ts';
import { prepareGolden } from '../../../suites/golden/prepare-golden.ts';
import type { Scenario } from '../../../suites/scenarios/scenario.ts';
import type { TrialMetrics } from '../../../suites/trial-record.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { evidenceOf } from '../../support/trial-evidence.ts';
import { heavySpec, linearSpec, runQuickly } from '../../support/trial-spec.ts';

/** Real trials, each in a process of its own: their counts agree, their times are the machine's. */

const BATCH_OF_TWO = { maxSize: 2, maxDelayMs: 0 };

async function measured(scenario: Scenario, least = 10): Promise<TrialMetrics> {
  const spec = await linearSpec(temporaryFolder());
  const { metrics, latenciesMs } = evidenceOf(
    await runQuickly({
      ...spec,
      scenario,
      config: { ...spec.config, batch: BATCH_OF_TWO },
      protocol: { ...spec.protocol, measureMinRequests: least },
    }),
  );
  expect(metrics.latencyMs.count).toBe(latenciesMs.length);
  expect(metrics.latencyMs.count).toBeGreaterThanOrEqual(least);
  return metrics;
}

describe('a trial in each scenario', () => {
  test.each<[name: Exclude<Scenario['name'], 'server'>, samplesPerQuery: number]>([
    // Batches of two; one sample; eight samples in four batches of two; batches of two.
    ['closed-loop', 2],
    ['single-stream', 1],
    ['multi-stream', 8],
    ['offline', 2],
  ])('%s sends %d samples a query', async (name, samplesPerQuery) => {
    const metrics = await measured({ name });
    expect(metrics.samples).toBe(metrics.latencyMs.count * samplesPerQuery);
    expect(metrics.elapsedMs).toBeGreaterThanOrEqual(100);
    // With two clients, the rates of each are added: neither waits for the other's end.
    const rate = (metrics.samples / metrics.elapsedMs) * 1000;
    expect(metrics.qps / rate).toBeGreaterThan(0.9);
    expect(metrics.qps / rate).toBeLessThan(1.1);
    expect(metrics.generatorLagMs).toBeNull();
    expect(metrics.unanswered).toBe(0);
    expect(metrics.warmupRequests).toBeGreaterThanOrEqual(5);
  });

  test('server sends on its schedule, and says how late', async () => {
    const scenario = { name: 'server', ratePerSecond: 200, bound: null } as const;
    const metrics = await measured(scenario, 30);
    expect(metrics.samples).toBe(metrics.latencyMs.count);
    expect(metrics.unanswered).toBe(0);
    const { p50, p99, max } = metrics.generatorLagMs ?? { p50: -1, p99: -1, max: -1 };
    expect(p50).toBeGreaterThanOrEqual(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    expect(max).toBeGreaterThanOrEqual(p99);
    // 30 arrivals at 200 a second take 0.15 s on average, with a standard deviation of 0.03 s.
    expect(metrics.qps).toBeGreaterThan(80);
    expect(metrics.qps).toBeLessThan(400);
  });

  test('a server that is busy makes queries wait, from their scheduled time on', async () => {
    const alone = evidenceOf(await runQuickly(await heavySpec(temporaryFolder()))).metrics;
    const service = alone.latencyMs.p50;
    const spec = await heavySpec(temporaryFolder(), {
      // Twenty queries at twice the rate that it can answer.
      scenario: { name: 'server', ratePerSecond: 2000 / service, bound: null },
    });
    const protocol = { ...spec.protocol, measureMs: 10 * service, measureMinRequests: 20 };
    const { metrics } = evidenceOf(await runQuickly({ ...spec, protocol }));
    // The last of 20 arrives at 10 service times and is answered at 20; half of that is certain.
    expect(metrics.latencyMs.max).toBeGreaterThan(5 * service);
    expect(metrics.unanswered).toBe(0);
  });

  test('a server far beyond what it can answer is given up, and does not hold its bound', async () => {
    const spec = await heavySpec(temporaryFolder(), {
      scenario: {
        name: 'server',
        ratePerSecond: 2000,
        bound: { percentile: 'p90', limitMs: 0.5 },
      },
    });
    const protocol = { ...spec.protocol, measureMs: 200, measureMinRequests: 64 };
    const outcome = await runQuickly({ ...spec, protocol });
    const { metrics } = evidenceOf(outcome);
    // Of 400 arrivals some 27 may be late, and every one is.
    expect(metrics.latencyMs.count).toBeLessThan(200);
    expect(metrics.latencyMs.certified.p90 ?? Infinity).toBeGreaterThan(0.5);
    expect(metrics.samples).toBe(metrics.latencyMs.count);
    const { warnings } = outcome as { readonly warnings: readonly { readonly kind: string }[] };
    expect(warnings.map(({ kind }) => kind)).toContain('overloaded');
    const reasons = outcome.state === 'invalid' ? outcome.reasons.map(({ kind }) => kind) : [];
    expect(reasons).not.toContain('few-queries');
    expect(reasons).not.toContain('too-short');
  });
});

describe('a trial notes', () => {
  test('its memory, phase by phase, and the machine before the load', async () => {
    const { metrics, environment } = evidenceOf(
      await runQuickly(await linearSpec(temporaryFolder())),
    );
    const { memory } = metrics;
    const slack = 8 * 2 ** 20;
    expect(memory.startBytes).toBeGreaterThan(slack);
    expect(memory.runtimeBytes).toBeGreaterThan(memory.startBytes);
    expect(memory.createdBytes).toBeGreaterThan(memory.runtimeBytes - slack);
    expect(memory.firstInferenceBytes).toBeGreaterThan(memory.createdBytes - slack);
    expect(memory.peakBytes).toBeGreaterThanOrEqual(memory.endBytes);
    expect(memory.peakBytes).toBeLessThan(2 ** 30);
    expect(hostEnvironmentSchema.parse(environment)).toEqual(environment);
    expect(Date.parse(environment.takenAt)).not.toBeNaN();
  });
});

describe('a trial whose outputs', () => {
  test('are those of the reference is measured, whatever its batch', async () => {
    const folder = temporaryFolder();
    const spec = await linearSpec(folder);
    const { folder: goldenFolder } = await prepareGolden(
      { ...spec, sha256: 'linear', batch: 'free' },
      { cacheFolder: folder, signal: new AbortController().signal },
    );
    const config = { ...spec.config, batch: BATCH_OF_TWO };
    const outcome = await runQuickly({ ...spec, goldenFolder, config });
    expect(evidenceOf(outcome).metrics.samples).toBeGreaterThan(0);
  });

  test('are wrong is invalid, and ends before its load', async () => {
    const folder = temporaryFolder();
    const goldenFolder = join(folder, 'golden');
    const y = { name: 'y', type: 'float32', dims: [3], batched: true } as const;
    // (3, 4) gives (3, 4, 7), not 7.5.
    const data = Float32Array.of(1, 2, 3, 3, 4, 7.5);
    await writeDataset(goldenFolder, { count: 2, inputs: [{ ...y, data }], labels: null });
    const outcome = await runQuickly(await linearSpec(folder, { goldenFolder }));
    expect(outcome).toEqual({
      state: 'invalid',
      reasons: [
        {
          kind: 'wrong-output',
          phase: 'before',
          // 0.5 of 7.5.
          detail: "the output 'y' is off by 0.0667 of its largest value; 0.001 is allowed",
        },
      ],
      warnings: [],
      evidence: null,
    });
  });
});

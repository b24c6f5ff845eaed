import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createExportInput } from '../../tuner/export/create-input.ts';
import type { ExportInput } from '../../tuner/export/export-input.ts';
import { tunedSchema, type Tuned } from '../../tuner/export/tuned.ts';
import { toArm } from '../../tuner/arm.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { completedRecord, failedRecord, fakeRun } from './fake-trials.ts';
import { writeLinearModel } from './tiny-models.ts';

/** The result of a run on the linear model, which is written to the folder. */
export function tunedLinear(folder: string, config: Partial<Tuned['config']> = {}): Tuned {
  const path = writeLinearModel(folder);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  const baseline = {
    precision: 'fp32',
    passes: 'none',
    graphLevel: 'all',
    replicas: 1,
    isolation: 'inline',
    intraOpThreads: 2,
    spinning: true,
    affinity: null,
    batch: { maxSize: 1, maxDelayMs: 0 },
    arena: true,
    memPattern: true,
    sessionEntries: {},
  } as const;
  const metrics: Tuned['metrics'] = {
    qps: { value: 1000, low: 900, high: 1100 },
    latencyMs: { p50: 1, p90: 2, p95: 3, p99: 4, certified: true },
    memoryBytes: 200 * 2 ** 20,
    sessionBytes: 100 * 2 ** 20,
    energyJPerInference: { state: 'unavailable', reason: 'no sensor' },
    quality: { accuracy: 0.97 },
    trials: 6,
  };
  return {
    schema: 'openclaw.tuned/1',
    model: { name: 'Linear_2.onnx', sha256, path },
    artifact: { path, sha256 },
    workload: { suite: null, data: null, dims: {}, scenario: 'closed-loop', seed: 1 },
    runtime: { name: 'onnxruntime', version: '1.30.0' },
    provider: 'cpu',
    host: { key: 'k', cpu: 'Fake CPU', isa: ['avx2'], cores: 2, memoryBytes: 8 * 2 ** 30 },
    config: { ...baseline, ...config },
    objective: 'qps',
    constraints: [{ kind: 'latency', percentile: 'p99', limitMs: 50 }],
    metrics,
    baseline: { config: baseline, metrics },
    verdict: 'better',
  };
}

/** The result with a rate that was found for single requests. */
export function servedAt(tuned: Tuned, ratePerSecond: number): Tuned {
  const server = {
    state: 'found',
    bound: { percentile: 'p99', limitMs: 50 },
    ratePerSecond,
    qps: ratePerSecond,
    failedAt: null,
    latencyMs: { p50: 20, p90: 30, p95: 35, p99: 40 },
    certifiedMs: 45,
    memoryBytes: 1,
    trial: 't',
  } as const;
  return { ...tuned, metrics: { ...tuned.metrics, server } };
}

/** With the trials of a run: one that completed and one that failed. */
export function exportInput(tuned: Tuned): Promise<ExportInput> {
  const arm = toArm({ ...tuned.config, provider: tuned.provider });
  const run = fakeRun(defaultSpace(2, { batch: 'free', passes: ['none'] }), {
    constraints: tuned.constraints,
  });
  const trials = [
    completedRecord({ arm, sequence: 0 }, { qps: 1000 }),
    failedRecord({ arm, sequence: 1 }),
  ];
  return createExportInput(tuned, { history: { run, trials }, version: '9.9.9' });
}

/** Every field that a tuned.json can have, by its path; lists and maps are one field. */
export function tunedFields(): string[] {
  return [...new Set(fieldsOf(tunedSchema, ''))];
}

function fieldsOf(schema: z.core.$ZodType, path: string): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return fieldsOf(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return schema.options.flatMap((option) => fieldsOf(option, path));
  }
  if (!(schema instanceof z.ZodObject)) return [path];
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const fields = Object.entries(shape);
  return fields.flatMap(([key, field]) => fieldsOf(field, path === '' ? key : `${path}.${key}`));
}

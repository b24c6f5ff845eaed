import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { renderExport } from '../../../tuner/export/render-export.ts';
import { EXPORT_TARGETS, findTargets } from '../../../tuner/export/targets/registry.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';
import type { Tuned } from '../../../tuner/export/tuned.ts';
import { parseProtobufText } from '../../support/protobuf-text.ts';
import { exportInput, tunedLinear } from '../../support/tuned-results.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONFIG: Partial<Tuned['config']> = {
  graphLevel: 'extended',
  replicas: 2,
  isolation: 'process',
  intraOpThreads: 2,
  spinning: false,
  affinity: '2',
  batch: { maxSize: 8, maxDelayMs: 2.5 },
  arena: false,
  sessionEntries: { 'session.intra_op.spin_duration_us': '7' },
};

async function filesOf(target: string): Promise<ReadonlyMap<string, string>> {
  const tuned = tunedLinear(temporaryFolder(), CONFIG);
  const input = await exportInput(tuned);
  const files = findTargets([target]).flatMap((one) => renderExport(one, input).files);
  return new Map(files.map((file) => [file.path, 'text' in file ? file.text : '']));
}

async function fileOf(target: string, path: string): Promise<string> {
  const text = (await filesOf(target)).get(`${target}/${path}`);
  if (text === undefined) throw new Error(`${target} has no ${path}`);
  return text;
}

function documentsOf(text: string): unknown[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) throw new Error('no YAML document');
  return documents.map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS() as unknown;
  });
}

const metadata = z.looseObject({ name: z.string().regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/) });
const quantity = z.string().regex(/^\d+(m|Mi)?$/);
const resources = z.strictObject({
  requests: z.strictObject({ cpu: quantity, memory: quantity }),
  limits: z.strictObject({ memory: quantity }),
});
const container = z.looseObject({ name: z.string(), image: z.string(), resources });
const labels = z.record(z.string(), z.string());

test('the files of every target are as they were reviewed', async () => {
  for (const { name } of EXPORT_TARGETS) {
    for (const [path, text] of await filesOf(name)) {
      // Where the fixture's model lies is another folder each time.
      const placed = text.replaceAll(/"[^"]*claw-test-\w+\//g, '"/FOLDER/');
      expect(placed).toMatchSnapshot(path);
    }
  }
});

describe('kubernetes', () => {
  test('writes what the four kinds require, and they find each other by their labels', async () => {
    const documents = documentsOf(await fileOf('kubernetes', 'linear-2.yaml'));
    const [deployment, service, autoscaler, budget] = z
      .tuple([
        z.strictObject({
          apiVersion: z.literal('apps/v1'),
          kind: z.literal('Deployment'),
          metadata,
          spec: z.looseObject({
            selector: z.strictObject({ matchLabels: labels }),
            template: z.looseObject({
              metadata: z.looseObject({ labels }),
              spec: z.looseObject({ containers: z.array(container).length(1) }),
            }),
          }),
        }),
        z.looseObject({
          apiVersion: z.literal('v1'),
          kind: z.literal('Service'),
          metadata,
          spec: z.looseObject({ selector: labels, ports: z.array(z.looseObject({})).min(1) }),
        }),
        z.looseObject({
          apiVersion: z.literal('autoscaling/v2'),
          kind: z.literal('HorizontalPodAutoscaler'),
          spec: z.looseObject({
            scaleTargetRef: z.strictObject({
              apiVersion: z.literal('apps/v1'),
              kind: z.literal('Deployment'),
              name: z.string(),
            }),
            minReplicas: z.int(),
            maxReplicas: z.int(),
            behavior: z.looseObject({
              scaleDown: z.strictObject({ stabilizationWindowSeconds: z.literal(300) }),
            }),
          }),
        }),
        z.looseObject({
          apiVersion: z.literal('policy/v1'),
          kind: z.literal('PodDisruptionBudget'),
          spec: z.looseObject({ selector: z.strictObject({ matchLabels: labels }) }),
        }),
      ])
      .parse(documents);
    const found = deployment.spec.template.metadata.labels;
    expect(deployment.spec.selector.matchLabels).toEqual(found);
    expect(service.spec.selector).toEqual(found);
    expect(budget.spec.selector.matchLabels).toEqual(found);
    expect(autoscaler.spec.scaleTargetRef.name).toBe(deployment.metadata.name);
    // 200 MiB x 1.2 and x 1.5; the trials used one core.
    expect(deployment.spec.template.spec.containers[0]?.resources).toEqual({
      requests: { cpu: '1000m', memory: '240Mi' },
      limits: { memory: '300Mi' },
    });
  });

  test('says in the file from which figure each resource comes', async () => {
    const text = await fileOf('kubernetes', 'linear-2.yaml');
    expect(text).toContain(
      "the mean CPU time of the config's 1 trial under full load, 1 core-seconds a second",
    );
    expect(text).toContain('1.2 x the measured peak of 200 MiB');
    expect(text).toContain('0.7 x the 16 samples in flight while it was measured');
  });

  test('lets a pod leave, start and spread as the cluster needs it', async () => {
    const [deployment] = documentsOf(await fileOf('kubernetes', 'linear-2.yaml'));
    expect(deployment).toMatchObject({
      spec: {
        template: {
          spec: {
            // Five seconds of grace for the endpoints, thirty for the requests.
            terminationGracePeriodSeconds: 35,
            topologySpreadConstraints: [
              { whenUnsatisfiable: 'ScheduleAnyway', topologyKey: 'kubernetes.io/hostname' },
            ],
            containers: [
              {
                lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
                startupProbe: { failureThreshold: 60, periodSeconds: 5 },
                readinessProbe: { timeoutSeconds: 5 },
                // The Pod Security Standard `restricted`.
                securityContext: {
                  allowPrivilegeEscalation: false,
                  runAsNonRoot: true,
                  capabilities: { drop: ['ALL'] },
                  seccompProfile: { type: 'RuntimeDefault' },
                },
              },
            ],
          },
        },
      },
    });
  });

  test('gives replicas in processes the shared memory that they pass tensors through', async () => {
    const text = await fileOf('kubernetes', 'linear-2.yaml');
    expect(text).toContain('mountPath: /dev/shm');
    expect(text).toContain('medium: Memory');
  });
});

describe('kserve', () => {
  /** What Knative's webhook refuses: pkg/apis/serving/{k8s_validation,fieldmask}.go. */
  test('writes a container that Knative admits', async () => {
    const [runtime] = documentsOf(await fileOf('kserve', 'linear-2.yaml'));
    const spec = z
      .object({ spec: z.object({ containers: z.tuple([z.looseObject({})]) }) })
      .parse(runtime).spec;
    const [served] = spec.containers;
    const { ports, env } = z
      .object({
        ports: z.array(z.object({ name: z.string() })),
        env: z.array(z.object({ name: z.string() })),
      })
      .parse(served);
    expect(ports.map(({ name }) => name)).toEqual(['http1']);
    expect(env.map(({ name }) => name)).toEqual(['HOST', 'TOKEN']);
    for (const field of ['lifecycle', 'startupProbe', 'stdin', 'tty']) {
      expect(served).not.toHaveProperty(field);
    }
    // Without a startup probe nothing else keeps a slow start from being killed.
    expect(served).toHaveProperty('livenessProbe.initialDelaySeconds', 300);
  });

  test('scales at the very target, in the mode that knows requests in flight', async () => {
    const [, service] = documentsOf(await fileOf('kserve', 'linear-2.yaml'));
    expect(service).toMatchObject({
      metadata: {
        annotations: {
          'serving.kserve.io/deploymentMode': 'Serverless',
          'autoscaling.knative.dev/target-utilization-percentage': '100',
        },
      },
      spec: { predictor: { scaleMetric: 'concurrency', scaleTarget: 11, maxReplicas: 10 } },
    });
  });
});

test('kserve writes a runtime that its service names', async () => {
  const documents = documentsOf(await fileOf('kserve', 'linear-2.yaml'));
  const [runtime, service] = z
    .tuple([
      z.looseObject({
        apiVersion: z.literal('serving.kserve.io/v1alpha1'),
        kind: z.literal('ServingRuntime'),
        metadata,
        spec: z.looseObject({
          supportedModelFormats: z.array(z.looseObject({ name: z.string() })).min(1),
          containers: z.array(container.extend({ name: z.literal('kserve-container') })),
        }),
      }),
      z.looseObject({
        apiVersion: z.literal('serving.kserve.io/v1beta1'),
        kind: z.literal('InferenceService'),
        spec: z.looseObject({
          predictor: z.looseObject({
            model: z.looseObject({
              modelFormat: z.looseObject({ name: z.string() }),
              runtime: z.string(),
              resources,
            }),
          }),
        }),
      }),
    ])
    .parse(documents);
  const { model } = service.spec.predictor;
  expect(model.runtime).toBe(runtime.metadata.name);
  expect(runtime.spec.supportedModelFormats.map(({ name }) => name)).toContain(
    model.modelFormat.name,
  );
});

test('compose writes one service with its limits and its health', async () => {
  const [document] = documentsOf(await fileOf('compose', 'compose.yaml'));
  const { services } = z
    .strictObject({
      name: z.literal('linear-2'),
      services: z.record(z.string(), z.looseObject({ build: z.string() })),
    })
    .parse(document);
  expect(services['linear-2']).toMatchObject({
    build: './app',
    shm_size: 300 * 2 ** 20,
    deploy: {
      resources: {
        limits: { memory: String(300 * 2 ** 20) },
        reservations: { cpus: '1', memory: String(240 * 2 ** 20) },
      },
    },
  });
});

test('systemd writes sections of assignments, each option once', async () => {
  const lines = (await fileOf('systemd', 'linear-2.service')).split('\n');
  const body = lines.filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of body) expect(line).toMatch(/^(\[(Unit|Service|Install)\]|[A-Z]\w*=.+)$/);
  const names = body.map((line) => line.replace(/=.*/, ''));
  expect(new Set(names).size).toBe(names.length);
  expect(body).toContain(`MemoryMax=${300 * 2 ** 20}`);
});

test('env is read back by Node, entries and all', async () => {
  expect(parseEnv(await fileOf('env', 'linear-2.env'))).toMatchObject({
    OPENCLAW_MODEL_NAME: 'Linear_2.onnx',
    OPENCLAW_REPLICAS: '2',
    OPENCLAW_BATCH_MAX_DELAY_MS: '2.5',
    OPENCLAW_AFFINITY: '2',
    OPENCLAW_SESSION_ENTRIES: '{"session.intra_op.spin_duration_us":"7"}',
  });
});

describe('env quotes', () => {
  async function environment(name: string, entry = '1'): Promise<{ text: string; told: string }> {
    const tuned = tunedLinear(temporaryFolder(), {
      sessionEntries: { 'optimization.disable_specified_optimizers': entry },
    });
    const input = await exportInput({ ...tuned, model: { ...tuned.model, name } });
    const [target] = findTargets(['env']);
    if (target === undefined) throw new Error('no env');
    const { files, warnings } = renderExport(target, input);
    const [file] = files;
    return {
      text: file !== undefined && 'text' in file ? file.text : '',
      told: warnings.join('\n'),
    };
  }

  /** As a shell reads it, which systemd's own quoting follows. */
  function shellReads(text: string, variable: string): string {
    const path = join(temporaryFolder(), 'a.env');
    writeFileSync(path, text);
    return execFileSync('sh', ['-c', `. ${path}; printf %s "$${variable}"`], { encoding: 'utf8' });
  }

  test.each(['two words.onnx', "it's.onnx", 'a "b" $c.onnx', '#1;2.onnx', 'é%h.onnx'])(
    'a name so that Node and a shell read the same: %s',
    async (name) => {
      const { text, told } = await environment(name);
      expect(parseEnv(text)['OPENCLAW_MODEL_NAME']).toBe(name);
      expect(shellReads(text, 'OPENCLAW_MODEL_NAME')).toBe(name);
      expect(told).not.toContain('OPENCLAW_MODEL_NAME');
    },
  );

  test('no name that means another thing to each of them, and says so', async () => {
    const { text, told } = await environment(`it's "$mine".onnx`);
    expect(parseEnv(text)).not.toHaveProperty('OPENCLAW_MODEL_NAME');
    expect(told).toContain('OPENCLAW_MODEL_NAME is not set');
  });

  test('entries with quotes in them as JSON that reads back', async () => {
    const { text } = await environment('m.onnx', `it's "A"`);
    const entries = { 'optimization.disable_specified_optimizers': `it's "A"` };
    expect(JSON.parse(parseEnv(text)['OPENCLAW_SESSION_ENTRIES'] ?? '')).toEqual(entries);
    expect(JSON.parse(shellReads(text, 'OPENCLAW_SESSION_ENTRIES'))).toEqual(entries);
  });
});

describe('triton', () => {
  test('writes a model configuration in the protobuf text format', async () => {
    const message = parseProtobufText(await fileOf('triton', 'linear-2/config.pbtxt'));
    expect(message).toMatchObject({
      name: ['linear-2'],
      backend: ['onnxruntime'],
      max_batch_size: [8],
      input: [{ name: ['x'], data_type: ['TYPE_FP32'], dims: [2] }],
      output: [{ name: ['y'], data_type: ['TYPE_FP32'], dims: [3] }],
      instance_group: [{ count: [2], kind: ['KIND_CPU'] }],
      dynamic_batching: [{ max_queue_delay_microseconds: [2500] }],
      optimization: [{ graph: [{ level: [1] }] }],
    });
    const parameters = Object.fromEntries(
      (message['parameters'] ?? []).map((one) => {
        const { key, value } = z
          .object({ key: z.tuple([z.string()]), value: z.tuple([z.looseObject({})]) })
          .parse(one);
        return [key[0], value[0]];
      }),
    );
    expect(parameters['intra_op_thread_count']).toEqual({ string_value: ['2'] });
    expect(parameters['enable_mem_arena']).toEqual({ string_value: ['0'] });
  });

  test('keeps to a batch that the model fixes, and says so', async () => {
    const tuned = tunedLinear(temporaryFolder(), CONFIG);
    const input = await exportInput(tuned);
    const fixed = input.model.inputs.map((value) => ({ ...value, dims: [8, 2] }));
    const [target] = findTargets(['triton']);
    if (target === undefined) throw new Error('no triton');
    const changed = { ...input, model: { ...input.model, inputs: fixed } };
    const { files, warnings } = renderExport(target, changed);
    const [config] = files;
    const text = config !== undefined && 'text' in config ? config.text : '';
    expect(parseProtobufText(text)).toMatchObject({
      max_batch_size: [0],
      input: [{ dims: [8, 2] }],
    });
    expect(warnings.join('\n')).toContain('clients must send 8 samples at once');
  });
});

test('optuna writes a journal: a study, then a trial for each of the run', async () => {
  const lines = (await fileOf('optuna', 'optuna-journal.log')).trimEnd().split('\n');
  const entries = lines.map((line) => z.looseObject({ op_code: z.int() }).parse(JSON.parse(line)));
  expect(entries.map((entry) => entry.op_code)).toEqual([0, 2, 2, 4, 4]);
  expect(entries[3]).toMatchObject({ state: 1, value: 1000, values: null });
  expect(entries[4]).toMatchObject({ state: 3, value: null });
  // Optuna's own times name no zone, and Python does not compare one that does with them.
  expect(entries[3]).toMatchObject({ datetime_start: '2026-01-01T00:00:00.000000' });
  const { params, distributions } = z
    .looseObject({
      params: z.record(z.string(), z.int().min(0)),
      distributions: z.record(z.string(), z.string()),
    })
    .parse(entries[3]);
  expect(Object.keys(params)).toEqual(Object.keys(distributions));
  expect(JSON.parse(distributions['replicas'] ?? '')).toEqual({
    name: 'CategoricalDistribution',
    attributes: { choices: [2] },
  });
});

test('mlflow has figures as metrics and settings as parameters', async () => {
  const run = z
    .object({
      params: z.array(z.object({ key: z.string(), value: z.string() })),
      metrics: z.array(z.object({ key: z.string(), value: z.number() })),
    })
    .parse(JSON.parse(await fileOf('mlflow', 'mlflow-run.json')));
  expect(run.metrics).toContainEqual({ key: 'metrics.qps.value', value: 1000 });
  expect(run.params).toContainEqual({ key: 'config.batch.maxDelayMs', value: '2.5' });
  expect(run.params).toContainEqual({ key: 'config.affinity', value: '2' });
});

/** One that has the runtime may be named; the system's need not. */
const python = process.env['CLAW_PYTHON'] ?? 'python3';
const hasPython = spawnSync(python, ['--version']).status === 0;
const hasRuntime = hasPython && spawnSync(python, ['-c', 'import onnxruntime']).status === 0;

async function written(target: string): Promise<string> {
  const folder = temporaryFolder();
  const input = await exportInput(tunedLinear(folder, { ...CONFIG, isolation: 'thread' }));
  const files = findTargets([target]).flatMap((one) => renderExport(one, input).files);
  const { signal } = new AbortController();
  await writeExport(join(folder, 'out'), files, { force: false, signal });
  return join(folder, 'out', target);
}

const did = hasRuntime ? 'opens its sessions' : hasPython ? 'compiles' : 'is a text with a main';
test(`the Python module ${did}`, async () => {
  const folder = await written('ort-python');
  const path = join(folder, 'tuned_session.py');
  const text = await fileOf('ort-python', 'tuned_session.py');
  expect(text).toContain(
    '    options.add_session_config_entry("session.intra_op.allow_spinning", "0")',
  );
  if (!hasPython) return;
  const args = hasRuntime ? [path] : ['-m', 'py_compile', path];
  const { status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stderr).toMatch(hasRuntime ? /2 session\(s\) opened/ : /^$/);
});

const hasCompiler = spawnSync('g++', ['--version']).status === 0;
test(`the C++ header ${hasCompiler ? 'compiles against declarations of the API' : 'has one function for options and one for sessions'}`, async () => {
  const folder = await written('ort-cpp');
  const text = await fileOf('ort-cpp', 'tuned_session.hpp');
  expect(text.match(/^inline .*\(/gm)).toHaveLength(2);
  if (!hasCompiler) return;
  mkdirSync(join(folder, 'include'));
  writeFileSync(join(folder, 'include', 'onnxruntime_cxx_api.h'), API_DECLARATIONS);
  writeFileSync(
    join(folder, 'main.cpp'),
    '#include "tuned_session.hpp"\nint main() { return 0; }\n',
  );
  const args = ['-std=c++17', '-Wall', '-Werror', '-fsyntax-only', '-I', 'include', 'main.cpp'];
  expect(() => execFileSync('g++', args, { cwd: folder })).not.toThrow();
});

/** Of onnxruntime_c_api.h and onnxruntime_cxx_api.h: what the header uses, as declared there. */
const API_DECLARATIONS = `
#define ORTCHAR_T char
enum ExecutionMode { ORT_SEQUENTIAL = 0, ORT_PARALLEL = 1 };
enum GraphOptimizationLevel {
  ORT_DISABLE_ALL = 0, ORT_ENABLE_BASIC = 1, ORT_ENABLE_EXTENDED = 2, ORT_ENABLE_LAYOUT = 3,
  ORT_ENABLE_ALL = 99
};
struct OrtApiBase { const char* (*GetVersionString)(); };
extern "C" const OrtApiBase* OrtGetApiBase();
namespace Ort {
struct Env {};
struct SessionOptions {
  SessionOptions& SetExecutionMode(ExecutionMode);
  SessionOptions& SetGraphOptimizationLevel(GraphOptimizationLevel);
  SessionOptions& SetIntraOpNumThreads(int);
  SessionOptions& EnableCpuMemArena();
  SessionOptions& DisableCpuMemArena();
  SessionOptions& EnableMemPattern();
  SessionOptions& DisableMemPattern();
  SessionOptions& AddConfigEntry(const char*, const char*);
};
struct Session { Session(const Env&, const ORTCHAR_T*, const SessionOptions&); };
}
`;

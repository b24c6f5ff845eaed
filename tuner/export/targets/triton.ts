import { comments } from '../comment-lines.ts';
import { expressed, FINDINGS, irrelevant, UNCHECKED_PLACE, warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import type { Tuned } from '../tuned.ts';
import { modelFiles } from './app-files.ts';
import { onlyCpu, stringLiteral } from './session-coverage.ts';
import { tensorBlocks, tritonBatch } from './triton-tensors.ts';

/** Options of Triton's ONNX Runtime backend, by its README. */
export const tritonTarget = Object.freeze<ExportTarget>({
  name: 'triton',
  summary: 'a model repository with config.pbtxt',
  coverage: {
    ...FINDINGS,
    ...UNCHECKED_PLACE,
    'model.name': expressed('the name of the model'),
    'model.path': irrelevant('where the model lay on the machine that tuned'),
    'model.sha256': irrelevant('the artifact is what runs; stated'),
    'artifact.path': expressed('1/model.onnx'),
    'artifact.sha256': expressed('parameters: openclaw_artifact_sha256'),
    runtime: warned(
      ({ tuned }) =>
        `Triton brings an ONNX Runtime of its own: the figures are those of ${tuned.runtime.version}`,
    ),
    provider: warned(onlyCpu),
    'config.precision': expressed('model.onnx was made so'),
    'config.passes': expressed('model.onnx was made so'),
    'config.graphLevel': warned(({ tuned: { config } }) =>
      config.graphLevel === 'layout'
        ? "the graph level 'layout' has no number in Triton: 'all' is used, which does more"
        : null,
    ),
    'config.replicas': expressed('instance_group.count'),
    'config.isolation': warned(({ tuned: { config } }) =>
      config.isolation === 'process'
        ? 'all instances live in one process of Triton, where each replica had its own: a crash ends all of them'
        : null,
    ),
    'config.intraOpThreads': expressed('parameters: intra_op_thread_count'),
    'config.spinning': warned(({ tuned: { config } }) =>
      config.spinning || config.intraOpThreads === 1
        ? null
        : 'threads that sleep while idle cannot be asked for: Triton lets them spin, which costs power and cores',
    ),
    'config.affinity': warned(({ tuned: { config } }) =>
      config.affinity === null
        ? null
        : `the affinity '${config.affinity}' cannot be expressed: threads run where the system puts them`,
    ),
    'config.batch': warned((input) => unbatched(input)),
    'config.arena': expressed('parameters: enable_mem_arena'),
    'config.memPattern': expressed('parameters: enable_mem_pattern'),
    'config.sessionEntries': warned(({ tuned: { config } }) =>
      Object.keys(config.sessionEntries).length === 0
        ? null
        : `session entries cannot be expressed: ${Object.entries(config.sessionEntries)
            .map((entry) => entry.join('='))
            .join(', ')}`,
    ),
  },
  next: () => 'tritonserver --model-repository=$PWD',
  render: (input, head) => [
    {
      path: `${input.name}/config.pbtxt`,
      text: `${comments(head, '#')}\n${pbtxt(input)}`,
    },
    ...modelFiles(input, `${input.name}/1/`),
  ],
});

function unbatched({ tuned: { config }, model }: ExportInput): string | null {
  const { maxSize, maxDelayMs } = config.batch;
  if (maxSize === 1 || tritonBatch(model, maxSize) > 0) return null;
  return `Triton cannot merge requests of this model, whose first dimension is not free everywhere: clients must send ${maxSize} samples at once; ${maxDelayMs} ms of waiting for more are not expressed`;
}

function pbtxt({ name, model, tuned }: ExportInput): string {
  const { config, artifact } = tuned;
  const batch = tritonBatch(model, config.batch.maxSize);
  const blocks = [
    `name: ${stringLiteral(name)}`,
    'backend: "onnxruntime"',
    'default_model_filename: "model.onnx"',
    `max_batch_size: ${batch}`,
    ...tensorBlocks(model, batch > 0),
    `instance_group [\n  {\n    count: ${config.replicas}\n    kind: KIND_CPU\n  }\n]`,
    ...(batch > 1 ? [dynamicBatching(config.batch)] : []),
    ...optimization(config.graphLevel),
    ...parameters({
      intra_op_thread_count: String(config.intraOpThreads),
      execution_mode: '0',
      enable_mem_arena: config.arena ? '1' : '0',
      enable_mem_pattern: config.memPattern ? '1' : '0',
      openclaw_artifact_sha256: artifact.sha256,
    }),
  ];
  return `${blocks.join('\n')}\n`;
}

function dynamicBatching({ maxSize, maxDelayMs }: Tuned['config']['batch']): string {
  const delayUs = Math.round(maxDelayMs * 1000);
  return `dynamic_batching {\n  preferred_batch_size: [ ${maxSize} ]\n  max_queue_delay_microseconds: ${delayUs}\n}`;
}

/** All optimizations are what Triton does when it is told nothing. */
const LEVELS: Readonly<Partial<Record<Tuned['config']['graphLevel'], number>>> = Object.freeze({
  disabled: 2,
  basic: -1,
  extended: 1,
});

function optimization(level: Tuned['config']['graphLevel']): string[] {
  const number = LEVELS[level];
  return number === undefined ? [] : [`optimization {\n  graph {\n    level: ${number}\n  }\n}`];
}

function parameters(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(
    ([key, value]) =>
      `parameters {\n  key: "${key}"\n  value { string_value: ${stringLiteral(value)} }\n}`,
  );
}

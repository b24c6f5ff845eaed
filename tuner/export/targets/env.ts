import { expressed, FINDINGS, irrelevant, UNCHECKED_PLACE, warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import { comments, type ExportTarget } from '../export-target.ts';

export const envTarget = Object.freeze<ExportTarget>({
  name: 'env',
  summary: 'the settings as environment variables, for a program of your own',
  coverage: {
    ...FINDINGS,
    ...UNCHECKED_PLACE,
    'model.name': expressed('OPENCLAW_MODEL_NAME'),
    'model.path': irrelevant('where the model lay on the machine that tuned'),
    'model.sha256': expressed('OPENCLAW_MODEL_SHA256'),
    'artifact.sha256': expressed('OPENCLAW_ARTIFACT_SHA256'),
    'artifact.path': warned(
      () =>
        'variables carry no file and do nothing by themselves: your program must find the artifact, compare its digest and apply each setting',
    ),
    runtime: expressed('OPENCLAW_RUNTIME_VERSION'),
    provider: expressed('OPENCLAW_PROVIDER'),
    config: expressed('a variable each'),
  },
  next: ({ name }) => `node --env-file=${name}.env program.mjs, or EnvironmentFile= of a unit`,
  render: (input, head) => [
    { path: `${input.name}.env`, text: `${comments(head, '#')}\n${assignments(input)}\n` },
  ],
});

function assignments({ tuned, resources }: ExportInput): string {
  const { config } = tuned;
  const values: Readonly<Record<string, string | number | boolean>> = {
    MODEL_NAME: tuned.model.name,
    MODEL_SHA256: tuned.model.sha256,
    ARTIFACT_SHA256: tuned.artifact.sha256,
    RUNTIME_VERSION: tuned.runtime.version,
    PROVIDER: tuned.provider,
    PRECISION: config.precision,
    PASSES: config.passes,
    GRAPH_LEVEL: config.graphLevel,
    REPLICAS: config.replicas,
    ISOLATION: config.isolation,
    INTRA_OP_THREADS: config.intraOpThreads,
    SPINNING: config.spinning,
    AFFINITY: config.affinity ?? '',
    BATCH_MAX_SIZE: config.batch.maxSize,
    BATCH_MAX_DELAY_MS: config.batch.maxDelayMs,
    ARENA: config.arena,
    MEM_PATTERN: config.memPattern,
    SESSION_ENTRIES: JSON.stringify(config.sessionEntries),
    CPU_REQUEST: resources.cpuCores.value,
    MEMORY_REQUEST_BYTES: resources.memoryRequestBytes.value,
    MEMORY_LIMIT_BYTES: resources.memoryLimitBytes.value,
  };
  return Object.entries(values)
    .map(([name, value]) => `OPENCLAW_${name}=${quoted(String(value))}`)
    .join('\n');
}

/**
 * In single quotes nothing is expanded, neither by a shell nor by systemd nor by Node; a
 * quote of that kind, or a line's end, cannot stand within and is replaced.
 */
function quoted(text: string): string {
  return /^[\w.-]*$/.test(text) ? text : `'${text.replaceAll(/['\p{Cc}]/gu, '_')}'`;
}

import { UserError } from '../../../engine/base/errors.ts';
import { comments } from '../comment-lines.ts';
import { expressed, FINDINGS, irrelevant, UNCHECKED_PLACE, warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';

export const envTarget = Object.freeze<ExportTarget>({
  name: 'env',
  summary: 'the settings as environment variables, for a program of your own',
  coverage: {
    ...FINDINGS,
    ...UNCHECKED_PLACE,
    'model.name': warned(({ tuned: { model } }) =>
      quoted(model.name) === null
        ? 'OPENCLAW_MODEL_NAME is not set: no quoting of this name means the same to Node, systemd and a shell'
        : null,
    ),
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
    // The same to whoever reads JSON, and no end of the quotes around it.
    SESSION_ENTRIES: JSON.stringify(config.sessionEntries).replaceAll("'", '\\u0027'),
    CPU_REQUEST: resources.cpuCores.value,
    MEMORY_REQUEST_BYTES: resources.memoryRequestBytes.value,
    MEMORY_LIMIT_BYTES: resources.memoryLimitBytes.value,
  };
  const modelName = quoted(tuned.model.name);
  return [
    ...(modelName === null ? [] : [`OPENCLAW_MODEL_NAME=${modelName}`]),
    ...Object.entries(values).map(([name, value]) => assignment(name, String(value))),
  ].join('\n');
}

function assignment(name: string, value: string): string {
  const text = quoted(value);
  if (text !== null) return `OPENCLAW_${name}=${text}`;
  throw new UserError(`'${value}' cannot be written as the variable OPENCLAW_${name}`, {
    remedy: 'tune the model again: no result of claw tune has such a value',
  });
}

/**
 * The value so that a shell, systemd and Node read the same: in single quotes nothing is
 * expanded, but none may stand within; in double quotes one may, and what is expanded there may
 * not. Null where neither will do, and for what breaks the line.
 */
function quoted(text: string): string | null {
  if (/^[\w.-]*$/.test(text)) return text;
  if (/\p{Cc}/u.test(text)) return null;
  if (!text.includes("'")) return `'${text}'`;
  return /["$`\\!]/.test(text) ? null : `"${text}"`;
}

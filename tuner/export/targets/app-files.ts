import { basename } from 'node:path';
import { stringify } from 'yaml';
import { comments } from '../comment-lines.ts';
import { expressed, FINDINGS, irrelevant, UNCHECKED_PLACE, type Coverage } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportFile } from '../export-target.ts';
import type { Tuned } from '../tuned.ts';
import { PORT } from './container.ts';

/** What every target that runs our own engine does: tuned.json goes with it. */
export const APP_COVERAGE: Coverage = Object.freeze({
  ...FINDINGS,
  model: expressed('tuned.json: loadTuned compares the digest where the model is there'),
  artifact: expressed('model.onnx: loadTuned refuses another file'),
  'workload.dims': UNCHECKED_PLACE['workload.dims'] ?? irrelevant(''),
  runtime: expressed('tuned.json: loadTuned compares the version'),
  provider: expressed('tuned.json, which the engine opens with'),
  config: expressed('tuned.json, which the engine opens with'),
  host: expressed('tuned.json: loadTuned compares the machine'),
  'host.key': irrelevant('the name of the machine; its properties are compared'),
});

/** The model as a file: the artifact, and the weights that it keeps elsewhere. */
export function modelFiles(
  { tuned: { artifact }, externalFiles }: ExportInput,
  folder = '',
): ExportFile[] {
  const from = artifact.path.slice(0, artifact.path.length - basename(artifact.path).length);
  return [
    { path: `${folder}model.onnx`, copyOf: artifact.path, sha256: artifact.sha256 },
    ...externalFiles.map((name) => ({ path: `${folder}${name}`, copyOf: `${from}${name}` })),
  ];
}

/** What opens the engine: a module, tuned.json and the model. */
export function engineFiles(input: ExportInput, head: readonly string[]): ExportFile[] {
  return [
    { path: 'package.json', text: `${JSON.stringify(manifest(input), null, 2)}\n` },
    { path: '.npmrc', text: NPMRC },
    { path: 'engine.mjs', text: `${comments(head, '//')}\n${ENGINE}` },
    { path: 'tuned.json', text: `${JSON.stringify(movedTuned(input.tuned), null, 2)}\n` },
    ...modelFiles(input),
  ];
}

/** The same as a program that answers over HTTP. */
export function serverFiles(input: ExportInput, head: readonly string[]): ExportFile[] {
  return [
    ...engineFiles(input, head).filter(({ path }) => path !== 'engine.mjs'),
    { path: 'server.mjs', text: `${comments(head, '//')}\n${server(input.name)}` },
  ];
}

/** The same as the folder that a container image is built from. */
export function imageFiles(input: ExportInput, head: readonly string[]): ExportFile[] {
  const files: ExportFile[] = [
    ...serverFiles(input, head),
    { path: 'Dockerfile', text: `${comments(head, '#')}\n${DOCKERFILE}` },
    { path: '.dockerignore', text: 'node_modules\n' },
  ];
  return files.map((file) => ({ ...file, path: `app/${file.path}` }));
}

/** Documents of one YAML file, under the head. */
export function yamlFile(
  path: string,
  head: readonly string[],
  documents: readonly object[],
): ExportFile {
  const texts = documents.map((one) =>
    stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return { path, text: `${comments(head, '#')}\n${texts.join('---\n')}` };
}

function manifest({ name, version }: ExportInput): object {
  return {
    name,
    version: '1.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    dependencies: { 'openclaw-harness': version },
  };
}

/** The tuned.json as it lies beside the copied artifact; the original model stays behind. */
function movedTuned(tuned: Tuned): Tuned {
  const { model, artifact, workload } = tuned;
  const isModel = model.sha256 === artifact.sha256;
  return {
    ...tuned,
    model: { ...model, path: isModel ? 'model.onnx' : `original/${basename(model.path)}` },
    artifact: { ...artifact, path: 'model.onnx' },
    workload: { ...workload, data: workload.data === null ? null : basename(workload.data) },
  };
}

const ENGINE = `import { Engine, loadTuned } from 'openclaw-harness';

/**
 * Opens the engine as it was tuned: \`await engine.infer({ input: { type, dims, data } })\`,
 * then \`await engine.close()\`. \`strict\` refuses another machine or runtime than it was tuned
 * on, where otherwise a warning is given.
 */
export async function openEngine({ strict = false, signal } = {}) {
  const { artifact, config } = await loadTuned(new URL('tuned.json', import.meta.url), { strict });
  return Engine.open({ artifact, config, ...(signal && { signal }) });
}
`;

function server(name: string): string {
  return `import { serveTuned } from 'openclaw-harness';

// HOST, PORT and TOKEN say where to listen and what clients send as \`Authorization: Bearer\`;
// STRICT=1 refuses another machine or runtime than it was tuned on.
const { HOST, PORT, TOKEN, STRICT } = process.env;
const server = await serveTuned(new URL('tuned.json', import.meta.url), {
  name: ${JSON.stringify(name)},
  host: HOST ?? '127.0.0.1',
  port: Number(PORT ?? ${PORT}),
  ...(TOKEN && { token: TOKEN }),
  strict: STRICT === '1',
});
console.log(\`listening at port \${server.port}\`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
`;
}

const NPMRC = `# The runtime's install script would download CUDA libraries, and fail where it cannot.
onnxruntime-node-install=skip
`;

/** Alpine will not do: the runtime needs glibc. Other platforms' binaries are 240 MB. */
const DOCKERFILE = `FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1 ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json .npmrc ./
RUN npm install --omit=dev --no-audit --no-fund \\
 && cd node_modules/onnxruntime-node/bin/napi-v6 \\
 && find . -mindepth 2 -maxdepth 2 ! -path "./linux/$(node -p process.arch)" -exec rm -rf {} +
COPY . .
USER node
EXPOSE ${PORT}
CMD ["node", "server.mjs"]
`;

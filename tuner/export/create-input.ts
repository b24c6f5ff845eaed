import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative } from 'node:path';
import { UserError } from '../../engine/base/errors.ts';
import { readFailure } from '../../engine/base/files.ts';
import { describeModel } from '../../engine/graph/describe.ts';
import { isExternal } from '../../engine/graph/external-data.ts';
import { mapTensors } from '../../engine/graph/map-tensors.ts';
import type { OnnxModel } from '../../engine/graph/model.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { oneLine } from './comment-lines.ts';
import type { ExportInput } from './export-input.ts';
import { resourceFigures } from './resource-figures.ts';
import type { Tuned } from './tuned.ts';

export interface CreateInputOptions {
  readonly history: ExportInput['history'];
  /** Of this package. */
  readonly version: string;
  /** Of services and files; default: made of the model's name. */
  readonly name?: string | undefined;
  /** The container image; default: the name, and the artifact's digest as its tag. */
  readonly image?: string | undefined;
}

/** Reads the artifact and gathers what targets are rendered from. Throws what reading throws. */
export async function createExportInput(
  tuned: Tuned,
  { history, version, name: givenName, image }: CreateInputOptions,
): Promise<ExportInput> {
  const model = await readModelFile(tuned.artifact.path);
  const name = givenName ?? serviceName(tuned.model.name);
  return {
    tuned,
    model: describeModel(model),
    externalFiles: await externalFiles(model, tuned.artifact.path),
    name,
    image: image ?? `${name}:${tuned.artifact.sha256.slice(0, 12)}`,
    version,
    resources: resourceFigures(tuned, history?.trials ?? null),
    history,
  };
}

/** Of a DNS label (RFC 1123), which Services are named by, less what is appended to it. */
const MAX_NAME_LENGTH = 50;

export function isServiceName(text: string): boolean {
  return /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(text) && text.length <= MAX_NAME_LENGTH;
}

/** `resnet-18` of `ResNet_18.onnx`. */
function serviceName(modelName: string): string {
  const label = basename(modelName)
    .replace(/\.onnx$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, MAX_NAME_LENGTH)
    .replace(/-+$/, '');
  return label === '' ? 'model' : label;
}

/** The files that tensors are kept in, each once. Throws UserError for one that must not be copied. */
async function externalFiles(model: OnnxModel, path: string): Promise<string[]> {
  const names = new Set<string>();
  mapTensors(model, (tensor) => {
    if (!isExternal(tensor)) return tensor;
    const name = tensor.externalData.find(({ key }) => key === 'location')?.value ?? '';
    if (name === '' || leaves(name)) throw outside(path, name);
    names.add(normalize(name));
    return tensor;
  });
  for (const name of names) await checkExternal(path, name);
  return [...names];
}

/** A link out of the folder is as good as a path out of it; a pipe would never end. */
async function checkExternal(path: string, name: string): Promise<void> {
  const folder = await realpath(dirname(path));
  const found = await realpath(join(folder, name)).catch((thrown: unknown) => {
    throw unreadable(path, name, readFailure(thrown));
  });
  if (leaves(relative(folder, found))) throw outside(path, name);
  if (!(await stat(found)).isFile()) throw unreadable(path, name, 'it is no regular file');
}

function leaves(path: string): boolean {
  return isAbsolute(path) || path.split(/[\\/]/).includes('..');
}

function outside(path: string, name: string): UserError {
  return new UserError(`${path} keeps weights in '${oneLine(name)}', outside its folder`, {
    remedy: 'keep them beside the model',
  });
}

function unreadable(path: string, name: string, why: string): UserError {
  return new UserError(`cannot read the weights '${oneLine(name)}' of ${path}: ${why}`, {
    remedy: 'keep them beside the model, as the exporter wrote them',
  });
}

import { z } from 'zod';
import { UsageError } from '../engine/base/errors.ts';
import type { ExportTarget } from '../tuner/export/export-target.ts';
import { isServiceName } from '../tuner/export/create-input.ts';
import { findTargets } from '../tuner/export/targets/registry.ts';
import { TARGET_NAMES } from './export-targets.ts';
import { storeOptionsSchema } from './option-values.ts';

export const exportOptionsSchema = storeOptionsSchema.extend({
  to: z.array(z.string()).default([]),
  output: z.string(),
  name: z.string().optional(),
  image: z.string().optional(),
  mlflowUrl: z.string().optional(),
  mlflowExperiment: z.string(),
  force: z.boolean().default(false),
});
export type ExportOptions = z.infer<typeof exportOptionsSchema>;

/** A reference of the OCI distribution: a name, a tag; no digest, since the image is built. */
const IMAGE = /^[a-z0-9][\w.:/-]*$/i;

/** The targets that are asked for. Throws UsageError for all that can be wrong with the options. */
export function planExport(options: ExportOptions): readonly ExportTarget[] {
  const names = options.to.flatMap((text) => text.split(',')).map((name) => name.trim());
  if (names.length === 0) {
    throw new UsageError('export needs --to', { remedy: `targets: ${TARGET_NAMES}` });
  }
  const targets = findTargets(names);
  const { name, image, mlflowUrl } = options;
  if (name !== undefined && !isServiceName(name)) {
    throw new UsageError(`--name '${name}' cannot name a service`, {
      remedy: 'use up to 50 lower-case letters, digits and hyphens, a letter first: resnet-18',
    });
  }
  if (image !== undefined && !IMAGE.test(image)) {
    throw new UsageError(`--image '${image}' cannot name an image`, {
      remedy: 'give a name and a tag, such as registry.local/resnet:1',
    });
  }
  if (mlflowUrl !== undefined) checkMlflow(mlflowUrl, targets);
  return targets;
}

function checkMlflow(url: string, targets: readonly ExportTarget[]): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`--mlflow-url '${url}' is no address`, {
      remedy: 'give one such as http://localhost:5000',
    });
  }
  if (targets.some((target) => target.name === 'mlflow')) return;
  throw new UsageError('--mlflow-url is for the target mlflow', { remedy: 'add --to mlflow' });
}

import { z } from 'zod';
import { parseAs } from '../base/json.ts';
import { serveChildTask } from '../runtime/child-task.ts';
import { buildArtifact, type ArtifactJob } from './build-artifact.ts';

const switchesSchema = z.strictObject({ on: z.array(z.string()), off: z.array(z.string()) });

const jobSchema = z.strictObject({
  modelPath: z.string(),
  outPath: z.string(),
  pipeline: z.enum(['none', 'clean', 'all']),
  switches: switchesSchema,
  provider: z.string(),
  // Tensors come from our own process; the engine checks them when they are fed.
  samples: z.array(z.custom<ArtifactJob['samples'][number]>()),
});

// The program that builds one artifact: a model may be hostile, and the runtime
// that folds its constants may go down with it.
serveChildTask(async (message, onProgress) => {
  const job = parseAs(message, jobSchema, 'the artifact process was given a wrong job');
  return { kind: 'built', report: await buildArtifact(job, onProgress) };
});

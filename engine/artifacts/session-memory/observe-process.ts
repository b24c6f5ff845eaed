import { z } from 'zod';
import { parseAs } from '../../base/json.ts';
import { systemFiles } from '../../devices/system-files.ts';
import { GRAPH_LEVELS } from '../../runtime/engine-config.ts';
import { serveChildTask } from '../../runtime/child-task.ts';
import type { Tensors } from '../../runtime/tensor.ts';
import { observeShapes } from '../observe-shapes.ts';
import { gatherFacts } from './gather-facts.ts';
import { measureCreation } from './measure-creation.ts';

const requestSchema = z.strictObject({
  batch: z.int().min(1),
  // Tensors come from our own process; the runtime checks them when they are fed.
  feeds: z.custom<Tensors>(),
});

const taskSchema = z.strictObject({
  modelPath: z.string(),
  graphLevel: z.enum(GRAPH_LEVELS),
  requests: z.tuple([requestSchema], requestSchema),
});

// The program that finds what the memory of a session follows from. A process of its own,
// because only the first session of a process is measured well, and a model may be hostile.
serveChildTask(async (message) => {
  const { modelPath, graphLevel, requests } = parseAs(
    message,
    taskSchema,
    'the process that observes a session was given a wrong task',
  );
  const creation = await measureCreation(modelPath, graphLevel, systemFiles());
  const observed = await observeShapes(modelPath, { graphLevel, requests });
  return { kind: 'observed', facts: gatherFacts(observed, requests, creation) };
});

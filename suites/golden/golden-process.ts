import { parseAs } from '../../engine/base/json.ts';
import { serveChildTask } from '../../engine/runtime/child-task.ts';
import { computeGolden, goldenJobSchema } from './compute-golden.ts';

// The program that computes reference outputs: a hostile model may bring it down.
serveChildTask(async (message) => {
  const job = parseAs(message, goldenJobSchema, 'a wrong job was given');
  return { kind: 'golden', ...(await computeGolden(job)) };
});

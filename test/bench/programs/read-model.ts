import { readModelFile } from '../../../engine/graph/read.ts';
import { serveChildTask } from '../../../engine/runtime/child-task.ts';

// Reads one model in a fresh process: time, and what it adds to the resident set.
serveChildTask(async (message) => {
  const { path } = message as { readonly path: string };
  const before = process.memoryUsage.rss();
  const startedMs = performance.now();
  const model = await readModelFile(path);
  const readMs = performance.now() - startedMs;
  const residentBytes = process.memoryUsage.rss() - before;
  return { readMs, residentBytes, nodes: model.graph.nodes.length };
});

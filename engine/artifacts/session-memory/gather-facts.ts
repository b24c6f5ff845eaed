import { assignBuffers } from '../../graph/memory-plan/assign-buffers.ts';
import type { Execution } from '../../graph/memory-plan/execution.ts';
import { keepLargest, type SessionFacts } from '../../graph/memory-plan/session-facts.ts';
import { viewsOf } from '../../graph/memory-plan/shared-memory.ts';
import {
  lawThrough,
  sumOfSizes,
  type ObservedSize,
  type SizeLaw,
} from '../../graph/memory-plan/size-law.ts';
import type { ObservedGraph, ObservedRequest } from '../observe-shapes.ts';
import { executedGraph, weightBytes } from './executed-graph.ts';
import type { CreationMemory } from './measure-creation.ts';

/** What the memory of a session follows from, of a graph that was run and a session that was created. */
export function gatherFacts(
  observed: ObservedGraph,
  requests: readonly [ObservedRequest, ...ObservedRequest[]],
  { createdBytes, peakBytes, sharedBytes }: CreationMemory,
): SessionFacts {
  const execution = executedGraph(observed.model, observed.nodes);
  const buffers = assignBuffers(execution);
  const made = execution.nodes.flatMap(({ makes }) => makes);
  const outputs = new Set(execution.outputs);
  return {
    batches: requests.map(({ batch }) => batch),
    nodes: execution.nodes.length,
    buffers: keepLargest(buffers, requests.at(-1)?.batch ?? 1),
    tensors: sumOfSizes(withoutViews(execution)),
    workspaces: workspacesOf(observed, requests.at(-1)?.batch ?? 1),
    feeds: feedsOf(requests),
    outputs: sumOfSizes(made.filter(({ name }) => outputs.has(name)).map(({ size }) => size)),
    weightsBytes: weightBytes(observed.model.graph),
    packedBytes: observed.arena?.packedBytes ?? 0,
    createdBytes,
    createPeakBytes: peakBytes,
    sharedBytes,
  };
}

function withoutViews({ nodes }: Execution): SizeLaw[] {
  return nodes.flatMap(({ operator, makes }) =>
    viewsOf(operator).length > 0 ? [] : makes.map(({ size }) => size),
  );
}

/**
 * Sizes of kernels' own work. One that showed at the last batch alone was hidden before, and
 * follows the batch as tensors do; one that does not grow is fixed.
 */
function workspacesOf({ arena }: ObservedGraph, lastBatch: number): SessionFacts['workspaces'] {
  return (arena?.workspaces ?? []).map(({ node, sizes: [first, ...others] }) => {
    const { batch, bytes } = first;
    const law = lawThrough([first, ...others]);
    if (law.sampleBytes > 0) return { node, size: law };
    const isHidden = others.length === 0 && batch === lastBatch;
    const sampleBytes = isHidden ? bytes / batch : 0;
    return { node, size: { fixedBytes: isHidden ? 0 : bytes, sampleBytes } };
  });
}

function feedsOf(requests: readonly [ObservedRequest, ...ObservedRequest[]]): SizeLaw {
  const seen = ({ batch, feeds }: ObservedRequest): ObservedSize => ({
    batch,
    bytes: Object.values(feeds).reduce(
      (sum, { data }) => sum + ('byteLength' in data ? data.byteLength : 0),
      0,
    ),
  });
  const [first, ...others] = requests;
  return lawThrough([seen(first), ...others.map(seen)]);
}

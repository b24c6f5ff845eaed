import { SimulatedArena } from '../../graph/memory-plan/arena.ts';
import { assignBuffers, type Buffer } from '../../graph/memory-plan/assign-buffers.ts';
import type { Execution } from '../../graph/memory-plan/execution.ts';
import { memoryEvents, runInArena } from '../../graph/memory-plan/run-memory.ts';
import { keepLargest, type SessionFacts } from '../../graph/memory-plan/session-facts.ts';
import { viewsOf } from '../../graph/memory-plan/shared-memory.ts';
import {
  lawThrough,
  NO_BYTES,
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
  { createdBytes, peakBytes, anotherBytes }: CreationMemory,
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
    workspace: workspaceOf(buffers, observed),
    feeds: feedsOf(requests),
    outputs: sumOfSizes(made.filter(({ name }) => outputs.has(name)).map(({ size }) => size)),
    weightsBytes: weightBytes(observed.model.graph),
    packedBytes: observed.arena?.packedBytes ?? 0,
    createdBytes,
    createPeakBytes: peakBytes,
    anotherBytes,
  };
}

function withoutViews({ nodes }: Execution): SizeLaw[] {
  return nodes.flatMap(({ operator, makes }) =>
    viewsOf(operator).length > 0 ? [] : makes.map(({ size }) => size),
  );
}

/**
 * How much more the real arena handed out than tensors explain: buffers that kernels take
 * while they run. Nothing where the arena's peak is none of theirs.
 */
function workspaceOf(buffers: readonly Buffer[], { arena }: ObservedGraph): SizeLaw {
  const excess = (arena?.peaks ?? []).map(({ batch, bytes }): ObservedSize => {
    const simulated = new SimulatedArena();
    runInArena(simulated, memoryEvents(buffers, batch));
    return { batch, bytes: Math.max(0, bytes - simulated.peakBytes) };
  });
  const [first, ...others] = excess;
  return first === undefined ? NO_BYTES : lawThrough([first, ...others]);
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

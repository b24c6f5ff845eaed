import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { ObservedSize } from '../graph/memory-plan/size-law.ts';
import { loadModel, saveModel } from '../graph/model-file.ts';
import type { OnnxModel } from '../graph/model.ts';
import { createSession } from '../runtime/binding.ts';
import { defaultEngineConfig, type GraphLevel } from '../runtime/engine-config.ts';
import { toSessionOptions } from '../runtime/session-options.ts';
import type { Tensors } from '../runtime/tensor.ts';
import { kernelEvents, tensorBytes, type KernelEvent } from './session-memory/kernel-events.ts';
import { observedArena, type ObservedArena } from './session-memory/observed-arena.ts';

/** Feeds of one run, and how many samples they hold. */
export interface ObservedRequest {
  readonly batch: number;
  readonly feeds: Tensors;
}

/** A node of the main graph as it ran. */
export interface ObservedNode {
  /** Position in `model.graph.nodes`. */
  readonly position: number;
  /** Size of each output that is a tensor and was wanted, at each batch. */
  readonly outputs: readonly (readonly [ObservedSize, ...ObservedSize[]])[];
}

export interface ObservedGraph {
  /** The graph as the runtime rewrote it at the level: what is executed. */
  readonly model: OnnxModel;
  /** In the order of execution. */
  readonly nodes: readonly ObservedNode[];
  /** What the arena told; null where the runtime's build does not tell. */
  readonly arena: ObservedArena | null;
}

/**
 * Runs a model once on each request and tells the size of every tensor on the way, from
 * the runtime's profile: one run gives the order of execution and all shapes, and no
 * intermediate is kept, as it would have to be to become an output. It works on the graph
 * as the runtime itself leaves it at the level, since that is what takes memory. Blocks
 * the thread, and a hostile model may take the process along: for a process of its own.
 * Throws UserError for a model that the runtime refuses. Memory: the model and a session.
 */
export async function observeShapes(
  modelPath: string,
  options: {
    readonly graphLevel: GraphLevel;
    /** At least one; ascending by batch, since the arena's peak only grows. */
    readonly requests: readonly ObservedRequest[];
  },
): Promise<ObservedGraph> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-observe-'));
  try {
    const model = await optimizedModel(modelPath, options.graphLevel, folder);
    const namedPath = join(folder, 'named.onnx');
    await saveModel(namedPath, withNodeNames(model));
    const events = kernelEvents(await profileRuns(namedPath, options.requests, folder));
    const { requests } = options;
    return {
      model,
      nodes: observedNodes(events, requests),
      arena: observedArena(events, { batches: requests.map(({ batch }) => batch), isOwn }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const OBSERVING = Object.freeze({ ...defaultEngineConfig(1), spinning: false });

async function optimizedModel(
  modelPath: string,
  graphLevel: GraphLevel,
  folder: string,
): Promise<OnnxModel> {
  const optimizedModelFilePath = join(folder, 'optimized.onnx');
  const options = toSessionOptions({ ...OBSERVING, graphLevel });
  const session = await createSession(modelPath, { ...options, optimizedModelFilePath });
  await session.close();
  return loadModel(optimizedModelFilePath);
}

const NAME_PREFIX = 'observed:';

/** Exporters leave names out, or give them twice; the profile knows nodes by name only. */
function withNodeNames(model: OnnxModel): OnnxModel {
  const nodes = model.graph.nodes.map((node, position) => ({
    ...node,
    name: `${NAME_PREFIX}${position}`,
  }));
  return { ...model, graph: { ...model.graph, nodes } };
}

async function profileRuns(
  path: string,
  requests: readonly ObservedRequest[],
  folder: string,
): Promise<unknown> {
  // The graph is rewritten already. A memory pattern would hide what single tensors take.
  const options = toSessionOptions({ ...OBSERVING, graphLevel: 'disabled', memPattern: false });
  const prefix = 'profile';
  const session = await createSession(path, {
    ...options,
    enableProfiling: true,
    profileFilePrefix: join(folder, prefix),
  });
  try {
    for (const { feeds } of requests) await session.run(feeds);
  } finally {
    // Closing writes the profile.
    await session.close();
  }
  const name = (await readdir(folder)).find((file) => file.startsWith(prefix));
  return JSON.parse(await readFile(join(folder, name ?? prefix), 'utf8')) as unknown;
}

/** Nodes of subgraphs have other names, and run as often as they are called. */
function isOwn({ node }: KernelEvent): boolean {
  return node.startsWith(NAME_PREFIX);
}

function observedNodes(
  events: readonly KernelEvent[],
  requests: readonly ObservedRequest[],
): ObservedNode[] {
  const own = events.filter(isOwn);
  const byNode = Map.groupBy(own, ({ node }) => Number(node.slice(NAME_PREFIX.length)));
  return [...byNode].map(([position, runs]) => ({
    position,
    outputs: outputSizes(runs, requests),
  }));
}

function outputSizes(
  runs: readonly KernelEvent[],
  requests: readonly ObservedRequest[],
): ObservedNode['outputs'] {
  const sizes = runs.map((run, index) => {
    const batch = requests[index]?.batch ?? 1;
    return run.outputs.map(({ type, dims }) => ({ batch, bytes: tensorBytes(type, dims) }));
  });
  const [first, ...others] = sizes;
  if (first === undefined || sizes.length !== requests.length) throw anotherForm(sizes.length);
  return first.map((size, output) => [size, ...others.flatMap((run) => run[output] ?? [])]);
}

function anotherForm(runs: number): UserError {
  return new UserError(
    `the runtime's profile tells of ${runs} runs of a node, of more or fewer than there were`,
    {
      remedy: 'report the model as a bug',
    },
  );
}

import { elementByteLength, elementTypeName } from '../../graph/element-type.ts';
import type { ExecutedNode, Execution } from '../../graph/memory-plan/execution.ts';
import { lawThrough, NO_BYTES } from '../../graph/memory-plan/size-law.ts';
import { importModel } from '../../graph/ir/import-model.ts';
import { inferShapes } from '../../graph/shapes/infer-shapes.ts';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from '../../graph/model.ts';
import type { ObservedNode } from '../observe-shapes.ts';

/** Joins a graph with what its nodes were seen to make. Throws InvalidModelError as reading does. */
export function executedGraph(model: OnnxModel, observed: readonly ObservedNode[]): Execution {
  const { graph } = model;
  const forms = formsOf(model);
  const nodes = observed.flatMap((seen) => {
    const node = graph.nodes[seen.position];
    return node === undefined ? [] : [executedNode(node, seen, forms)];
  });
  return { nodes, outputs: graph.outputs.map(({ name = '' }) => name) };
}

/** An output that was no tensor (a sequence, a map) has no size that the profile tells. */
function executedNode(
  node: OnnxNode,
  { outputs }: ObservedNode,
  forms: ReadonlyMap<string, string>,
): ExecutedNode {
  const wanted = node.outputs.filter((name) => name !== '');
  const isTold = outputs.length === wanted.length;
  return {
    operator: operatorOf(node),
    reads: readsOf(node),
    makes: wanted.map((name, index) => {
      const seen = isTold ? outputs[index] : undefined;
      const size = seen === undefined ? NO_BYTES : lawThrough(seen);
      return { name, size, form: forms.get(name) ?? null };
    }),
  };
}

/**
 * What is known of tensors before a run, by name: where the runtime knows a shape it lets
 * a tensor take over memory, and it infers as we do. Of its own blocked layouts neither does.
 */
function formsOf(model: OnnxModel): Map<string, string> {
  const imported = importModel(model);
  const shapes = inferShapes(imported);
  const forms = new Map<string, string>();
  for (const { outputs } of imported.graph.nodes) {
    for (const value of outputs) {
      if (value === null) continue;
      const { type, dims } = shapes.of(value);
      const bytes = type === null ? null : elementByteLength(type);
      if (bytes === null || dims === null || dims.length === 0 || dims.includes(null)) continue;
      forms.set(value.name, `${bytes}:${dims.join(',')}`);
    }
  }
  return forms;
}

function operatorOf({ domain = '', opType = '' }: OnnxNode): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
}

/** Its own, then those of its subgraphs: some of these are made inside, which harms nobody. */
function readsOf(node: OnnxNode): (string | null)[] {
  const inner = node.attributes.flatMap(({ g, graphs }) => [
    ...(g === undefined ? [] : [g]),
    ...graphs,
  ]);
  return [
    ...node.inputs.map((name) => (name === '' ? null : name)),
    ...inner.flatMap((graph) => [
      ...graph.nodes.flatMap(readsOf),
      ...graph.outputs.map(({ name = '' }) => name),
    ]),
  ];
}

/** Bytes of all constants, those of subgraphs included, as the session keeps them. */
export function weightBytes(graph: OnnxGraph): number {
  const own = graph.initializers.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const inner = graph.nodes.flatMap(({ attributes }) =>
    attributes.flatMap(({ g, graphs }) => [...(g === undefined ? [] : [g]), ...graphs]),
  );
  return inner.reduce((sum, subgraph) => sum + weightBytes(subgraph), own);
}

/** Types of which a byte holds two elements are packed so. */
function tensorBytes({ dims, dataType }: OnnxTensor): number {
  const type = elementTypeName(dataType) ?? '';
  const each = elementByteLength(type) ?? (type.endsWith('int4') ? 0.5 : 0);
  return Math.ceil(dims.reduce((product, dim) => product * dim, each));
}

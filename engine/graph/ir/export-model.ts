import type { OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from '../model.ts';
import type { IrModel } from './import-model.ts';
import type { IrGraph, IrNode, IrValue } from './ir.ts';

/**
 * Turns the IR back into messages, the nodes in topological order: that of the
 * file where it still is one. Declared types of values that are gone are
 * dropped. O(nodes + values); the depth of a chain of nodes does not matter.
 */
export function exportModel(model: IrModel): OnnxModel {
  return {
    ...model.rest,
    graph: exportGraph(model.graph),
    functions: model.functions,
    opsetImports: exportOpsets(model),
  };
}

/** Unchanged entries as they were written, `ai.onnx` as such or empty. */
function exportOpsets({ opsets, rest }: IrModel): OnnxModel['opsetImports'] {
  const domainOf = ({ domain = '' }: { readonly domain?: string }): string =>
    domain === 'ai.onnx' ? '' : domain;
  const kept = rest.opsetImports.flatMap((entry) => {
    const version = opsets.get(domainOf(entry));
    if (version === undefined) return [];
    return [entry.version === version ? entry : { ...entry, version }];
  });
  const known = new Set(kept.map(domainOf));
  const added = [...opsets].filter(([domain]) => !known.has(domain));
  return [...kept, ...added.map(([domain, version]) => ({ domain, version }))];
}

/** What the IR does not hold (documentation, annotations, unknown fields) comes from the original. */
function exportGraph(graph: IrGraph): OnnxGraph {
  const nodes = sortedNodes(graph);
  const values = collectValues(graph, nodes);
  const constants = [...graph.initializers];
  return {
    quantizationAnnotations: [],
    metadataProps: [],
    ...graph.original,
    name: graph.name,
    nodes: nodes.map(exportNode),
    initializers: constants.flatMap(({ initializer, name }) =>
      initializer === null
        ? []
        : [initializer.name === name ? initializer : { ...initializer, name }],
    ),
    sparseInitializers: constants.flatMap((value) => value.sparse ?? []),
    inputs: graph.inputs.map(describeValue),
    outputs: graph.outputs.map(describeValue),
    valueInfos: values.filter(isWorthDescribing).map(describeValue),
  };
}

function isWorthDescribing(value: IrValue): boolean {
  return value.info !== null && !value.isInput && !value.isOutput;
}

/** A replacement keeps the description of what it replaced, under its own name. */
function describeValue(value: IrValue): OnnxValueInfo {
  const { info, name } = value;
  if (info === null) return { name, metadataProps: [] };
  return info.name === name ? info : { ...info, name };
}

function collectValues(graph: IrGraph, nodes: readonly IrNode[]): IrValue[] {
  const made = nodes.flatMap((node) => node.outputs.filter((value) => value !== null));
  return [...graph.initializers, ...made];
}

/** A node alone, as it is in the file. */
export function exportNode(node: IrNode): OnnxNode {
  const attributes = [...node.attributes.values()];
  for (const { attribute, graphs, isList } of node.subgraphs.values()) {
    const exported = graphs.map((graph) => exportGraph(graph));
    attributes.push(
      isList ? { ...attribute, graphs: exported } : { ...attribute, g: exported[0] as OnnxGraph },
    );
  }
  return {
    inputs: node.inputs.map((value) => value?.name ?? ''),
    outputs: node.outputs.map((value) => value?.name ?? ''),
    ...(node.name === '' ? {} : { name: node.name }),
    opType: node.opType,
    ...(node.domain === '' ? {} : { domain: node.domain }),
    ...(node.overload === '' ? {} : { overload: node.overload }),
    attributes,
    ...node.kept,
  };
}

/**
 * Depth first from each node in the order of the set, producers before users;
 * with a stack of its own, since a chain may be longer than the call stack.
 * A cycle, which only a faulty rewrite can make, throws.
 */
export function sortedNodes(graph: IrGraph): IrNode[] {
  const sorted: IrNode[] = [];
  const state = new Map<IrNode, 'open' | 'done'>();
  for (const start of graph.nodes) {
    const stack: IrNode[] = [start];
    while (stack.length > 0) {
      const node = stack.at(-1) as IrNode;
      if (state.get(node) === 'done') {
        stack.pop();
      } else if (state.get(node) === 'open') {
        state.set(node, 'done');
        sorted.push(node);
        stack.pop();
      } else {
        state.set(node, 'open');
        pushProducers(graph, node, { stack, state });
      }
    }
  }
  return sorted;
}

function pushProducers(
  graph: IrGraph,
  node: IrNode,
  walk: { readonly stack: IrNode[]; readonly state: ReadonlyMap<IrNode, 'open' | 'done'> },
): void {
  // The last pushed is visited first: reversed, so that the first input's comes first.
  for (const producer of [...producersIn(graph, node)].reverse()) {
    const state = walk.state.get(producer);
    if (state === 'open') {
      throw new Error(`the graph has a cycle through '${node.name}' (${node.opType})`);
    }
    if (state === undefined) walk.stack.push(producer);
  }
}

/** Nodes of `graph` that the node, or a subgraph of it, reads from. */
function* producersIn(graph: IrGraph, node: IrNode): Generator<IrNode> {
  for (const value of node.inputs) {
    if (value !== null && value.producer !== null && value.graph === graph) yield value.producer;
  }
  for (const inner of node.allSubgraphs()) {
    for (const innerNode of inner.nodes) yield* producersIn(graph, innerNode);
  }
}

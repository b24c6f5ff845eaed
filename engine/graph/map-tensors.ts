import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './model.ts';

type Change = (tensor: OnnxTensor) => OnnxTensor;

/** The model with every dense tensor changed, in subgraphs, attributes and functions too. */
export function mapTensors(model: OnnxModel, change: Change): OnnxModel {
  return {
    ...model,
    graph: mapGraph(model.graph, change),
    functions: model.functions.map((definition) => ({
      ...definition,
      nodes: definition.nodes.map((node) => mapNode(node, change)),
    })),
  };
}

function mapGraph(graph: OnnxGraph, change: Change): OnnxGraph {
  return {
    ...graph,
    initializers: graph.initializers.map(change),
    nodes: graph.nodes.map((node) => mapNode(node, change)),
  };
}

function mapNode(node: OnnxNode, change: Change): OnnxNode {
  if (!node.attributes.some(holdsTensors)) return node;
  return { ...node, attributes: node.attributes.map((one) => mapAttribute(one, change)) };
}

function holdsTensors(attribute: OnnxAttribute): boolean {
  const { t, g, tensors, graphs } = attribute;
  return t !== undefined || g !== undefined || tensors.length > 0 || graphs.length > 0;
}

function mapAttribute(attribute: OnnxAttribute, change: Change): OnnxAttribute {
  if (!holdsTensors(attribute)) return attribute;
  const { t, g, tensors, graphs } = attribute;
  return {
    ...attribute,
    ...(t === undefined ? {} : { t: change(t) }),
    ...(g === undefined ? {} : { g: mapGraph(g, change) }),
    tensors: tensors.map(change),
    graphs: graphs.map((graph) => mapGraph(graph, change)),
  };
}

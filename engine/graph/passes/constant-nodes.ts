import { exportNode, sortedNodes } from '../ir/export-model.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxModel, OnnxTensor } from '../model.ts';

/** Enough for Constant, and for initializers that are no inputs (IR specification). */
const MIN_IR_VERSION = 4;

/** A node that can be computed now, and what it reads. */
export type ConstantNodes = ReadonlySet<IrNode>;

/** Nodes of a graph that depend on constants alone, in topological order. */
export function constantNodes(graph: IrGraph, isAllowed: (node: IrNode) => boolean): ConstantNodes {
  const found = new Set<IrNode>();
  const isConstant = (value: IrValue | null): boolean =>
    value === null || isReadable(value) || isConstantNode(value, graph) || isMadeBy(found, value);
  for (const node of sortedNodes(graph)) {
    const reads = node.inputs.some((value) => value !== null);
    if (reads && node.inputs.every(isConstant) && isAllowed(node)) found.add(node);
  }
  return found;
}

/** Its elements are at hand, or at least in the file. */
function isReadable({ constant }: IrValue): boolean {
  return constant !== null && constant.externalData.length === 0 && constant.segment === undefined;
}

/** A Constant that has not become an initializer, because it is an output of the graph. */
function isConstantNode({ producer }: IrValue, graph: IrGraph): boolean {
  return producer !== null && producer.graph === graph && producer.is('Constant');
}

function isMadeBy(nodes: ConstantNodes, { producer }: IrValue): boolean {
  return producer !== null && nodes.has(producer);
}

/**
 * What must be known to do without a node: nothing when only nodes of the set read
 * it, else all of its results that anybody reads, since what is left of a node need
 * not be a valid one (Split with an output left out).
 */
export function neededResults(node: IrNode, nodes: ConstantNodes): readonly IrValue[] {
  const results = node.outputs.filter((value) => value !== null);
  const isNeeded = results.some(
    (value) => value.isOutput || [...value.uses].some((use) => !nodes.has(use.node)),
  );
  return isNeeded ? results.filter((value) => !value.isUnused) : [];
}

/** The nodes, in topological order and depending on constants alone, as a model without inputs. */
export function constantModel(
  model: IrModel,
  nodes: ConstantNodes,
  wanted: readonly IrValue[],
): OnnxModel {
  const constants = new Map<IrValue, OnnxTensor>();
  const sources = new Set<IrNode>();
  for (const value of [...nodes].flatMap((node) => node.inputs)) {
    if (value === null || isMadeBy(nodes, value)) continue;
    if (value.constant !== null) constants.set(value, { ...value.constant, name: value.name });
    else if (value.producer !== null) sources.add(value.producer);
  }
  const graph = {
    name: 'constants',
    nodes: [...sources, ...nodes].map(exportNode),
    initializers: [...constants.values()],
    inputs: [],
    outputs: wanted.map(({ name }) => ({ name, metadataProps: [] })),
    valueInfos: [],
    quantizationAnnotations: [],
    sparseInitializers: [],
    metadataProps: [],
  };
  return {
    irVersion: Math.max(MIN_IR_VERSION, model.rest.irVersion ?? 0),
    graph,
    opsetImports: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    metadataProps: [],
    trainingInfo: [],
    functions: [],
  };
}

/** Sums the constants that go when a node's results are known, because only the set reads them. */
export function replacedBytes(start: IrNode, nodes: ConstantNodes): number {
  const constants = new Set<IrValue>();
  const reached = new Set([start]);
  // What is added while the loop runs is visited too.
  for (const node of reached) {
    for (const value of node.inputs) {
      if (value === null) continue;
      if (value.producer !== null && nodes.has(value.producer)) reached.add(value.producer);
      else if (value.constant !== null && [...value.uses].every((use) => nodes.has(use.node))) {
        constants.add(value);
      }
    }
  }
  return [...constants].reduce((sum, { constant }) => sum + byteLength(constant), 0);
}

function byteLength(tensor: OnnxTensor | null): number {
  if (tensor === null) return 0;
  const { rawData, floatData, int32Data, int64Data, doubleData, uint64Data } = tensor;
  const fields = [floatData, int32Data, int64Data, doubleData, uint64Data];
  return rawData?.byteLength ?? fields.reduce((sum, field) => sum + field.byteLength, 0);
}

/** Splits nodes into groups that share no result and can be computed apart; not in order inside. */
export function independentGroups(nodes: ConstantNodes): ReadonlySet<IrNode>[] {
  const groups: Set<IrNode>[] = [];
  const seen = new Set<IrNode>();
  for (const start of nodes) {
    if (seen.has(start)) continue;
    const group = new Set([start]);
    // What is added while the loop runs is visited too.
    for (const node of group) {
      seen.add(node);
      for (const one of neighbours(node)) if (nodes.has(one)) group.add(one);
    }
    groups.push(group);
  }
  return groups;
}

function* neighbours(node: IrNode): Generator<IrNode> {
  for (const value of node.inputs) {
    if (value !== null && value.producer !== null) yield value.producer;
  }
  for (const value of node.outputs) {
    for (const use of value?.uses ?? []) yield use.node;
  }
}

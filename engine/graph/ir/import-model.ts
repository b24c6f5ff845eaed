import { tensorComplaint } from '../check-tensor.ts';
import { InvalidModelError } from '../invalid-model-error.ts';
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from '../model.ts';
import { IrGraph, NameScope, type IrNode, type IrValue } from './ir.ts';

/** A model being rewritten. */
export interface IrModel {
  readonly graph: IrGraph;
  /** Versions by domain; '' is `ai.onnx`. A rewrite that brings in a domain adds it. */
  readonly opsets: Map<string, number>;
  functions: readonly OnnxFunction[];
  /** Everything else that the file says. */
  readonly rest: OnnxModel;
}

/**
 * Builds the IR, and checks on the way what a rewrite relies on: every value is
 * made once, before it is used, and something makes it. Weights stay views.
 * Throws InvalidModelError that names node and value. O(nodes + values).
 */
export function importModel(original: OnnxModel, source = 'the model'): IrModel {
  const model = withConstantInitializers(original);
  const names = new NameScope();
  const graph = importGraph(model.graph, { owner: null, names, outer: new Map(), source });
  const opsets = model.opsetImports.map(
    ({ domain = '', version = 0 }) => [domain === 'ai.onnx' ? '' : domain, version] as const,
  );
  return { graph, opsets: new Map(opsets), functions: model.functions, rest: model };
}

/** From this IR version on an initializer that is an input too is a default that callers may override. */
const DEFAULTS_SINCE = 4;

/**
 * Before that every initializer had to be listed as an input, and was a constant
 * all the same (https://onnx.ai/onnx/repo-docs/IR.html, version history): such a
 * model is brought to the first version that can say so.
 */
function withConstantInitializers(model: OnnxModel): OnnxModel {
  const { graph, irVersion = 0 } = model;
  if (irVersion >= DEFAULTS_SINCE) return model;
  const constants = new Set(graph.initializers.map((tensor) => tensor.name));
  const inputs = graph.inputs.filter((input) => !constants.has(input.name));
  return { ...model, irVersion: DEFAULTS_SINCE, graph: { ...graph, inputs } };
}

type Values = ReadonlyMap<string, IrValue>;

interface Surroundings {
  readonly owner: IrNode | null;
  readonly names: NameScope;
  /** Values of the graphs around, by name. */
  readonly outer: Values;
  readonly source: string;
}

function importGraph(proto: OnnxGraph, around: Surroundings): IrGraph {
  const graph = new IrGraph({
    name: proto.name ?? '',
    owner: around.owner,
    names: around.names,
    original: proto,
  });
  const importer = new GraphImporter(graph, around);
  importer.importValues(proto);
  for (const node of proto.nodes) importer.importNode(node);
  importer.importOutputs(proto);
  return graph;
}

/**
 * Adds nodes to a graph that is there already. `values`: what they may read from
 * it, by name; what they make must have names that are new to the whole model.
 * Gives what they made, by name.
 */
export function importNodes(
  graph: IrGraph,
  nodes: readonly OnnxNode[],
  options: { readonly values: ReadonlyMap<string, IrValue>; readonly source: string },
): ReadonlyMap<string, IrValue> {
  const { owner, names } = graph;
  const { values: outer, source } = options;
  const importer = new GraphImporter(graph, { owner, names, outer, source });
  for (const node of nodes) importer.importNode(node);
  return importer.values;
}

class GraphImporter {
  readonly #graph: IrGraph;
  readonly #around: Surroundings;
  readonly #values = new Map<string, IrValue>();

  constructor(graph: IrGraph, around: Surroundings) {
    this.#graph = graph;
    this.#around = around;
  }

  get values(): Values {
    return this.#values;
  }

  importValues(proto: OnnxGraph): void {
    for (const info of proto.inputs) {
      const value = this.#define(info.name ?? '', 'an input');
      value.isInput = true;
      value.info = info;
      this.#graph.inputs.push(value);
    }
    for (const tensor of proto.initializers) {
      const complaint = tensorComplaint(tensor);
      if (complaint !== null) throw this.#invalid(complaint);
      const value = this.#constant(tensor.name ?? '');
      this.#graph.setInitializer(value, tensor);
    }
    for (const sparse of proto.sparseInitializers) {
      const value = this.#constant(sparse.values?.name ?? '');
      value.sparse = sparse;
      this.#graph.initializers.add(value);
    }
  }

  importNode(proto: OnnxNode): void {
    const inputs = proto.inputs.map((name) => (name === '' ? null : this.#find(name, proto)));
    const node = this.#graph.addNode({
      opType: proto.opType ?? '',
      domain: proto.domain ?? '',
      name: proto.name ?? '',
      overload: proto.overload ?? '',
      inputs,
      outputs: [],
      attributes: new Map(
        proto.attributes
          .filter((attribute) => attribute.g === undefined && attribute.graphs.length === 0)
          .map((attribute) => [attribute.name ?? '', attribute]),
      ),
      kept: keptFields(proto),
    });
    this.#importSubgraphs(node, proto);
    for (const name of proto.outputs) {
      const value = name === '' ? null : this.#define(name, describe(proto));
      node.outputs.push(value);
      if (value !== null) value.producer = node;
    }
  }

  importOutputs(proto: OnnxGraph): void {
    for (const info of proto.outputs) {
      const name = info.name ?? '';
      const value = this.#values.get(name);
      if (value === undefined) throw this.#invalid(`nothing makes the graph's output '${name}'`);
      value.outputCount += 1;
      value.info = info;
      this.#graph.outputs.push(value);
    }
    for (const info of proto.valueInfos) {
      const value = this.#values.get(info.name ?? '');
      if (value !== undefined) value.info ??= info;
    }
  }

  #importSubgraphs(node: IrNode, proto: OnnxNode): void {
    for (const attribute of proto.attributes) {
      const isList = attribute.graphs.length > 0;
      const graphs = attribute.g === undefined ? attribute.graphs : [attribute.g];
      if (graphs.length === 0) continue;
      const outer = new Map([...this.#around.outer, ...this.#values]);
      const { g: _, ...rest } = attribute;
      node.subgraphs.set(attribute.name ?? '', {
        attribute: { ...rest, graphs: [] },
        graphs: graphs.map((graph) => importGraph(graph, { ...this.#around, owner: node, outer })),
        isList,
      });
    }
  }

  /** The initializer of an input is its default, any other one a value of its own. */
  #constant(name: string): IrValue {
    const existing = this.#values.get(name);
    if (existing !== undefined && existing.isInput && existing.initializer === null)
      return existing;
    return this.#define(name, 'an initializer');
  }

  #define(name: string, by: string): IrValue {
    if (name === '') throw this.#invalid(`${by} has no name`);
    if (this.#values.has(name) || this.#around.outer.has(name)) {
      throw this.#invalid(`the value '${name}' is made twice, the second time by ${by}`);
    }
    // Sibling subgraphs may use the same name; a rewrite makes new names anyway.
    const value = this.#graph.addValue(name);
    this.#values.set(name, value);
    return value;
  }

  #find(name: string, node: OnnxNode): IrValue {
    const value = this.#values.get(name) ?? this.#around.outer.get(name);
    if (value !== undefined) return value;
    throw this.#invalid(
      `${describe(node)} reads '${name}', which nothing before it makes: the name is dangling, or the nodes are not in order`,
    );
  }

  #invalid(what: string): InvalidModelError {
    const { owner } = this.#around;
    const where = owner === null ? '' : ` (in a subgraph of ${owner.opType} '${owner.name}')`;
    return new InvalidModelError(`${what}${where}`, { source: this.#around.source });
  }
}

function keptFields(proto: OnnxNode): {
  readonly docString?: string;
  readonly metadataProps: OnnxNode['metadataProps'];
  readonly unknown?: readonly Uint8Array[];
} {
  const { docString, metadataProps, unknown } = proto;
  return {
    metadataProps,
    ...(docString === undefined ? {} : { docString }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function describe(node: OnnxNode): string {
  return `node '${node.name ?? ''}' (${node.opType ?? ''})`;
}

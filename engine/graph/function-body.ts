import { InvalidModelError } from './invalid-model-error.ts';
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode, OnnxValueInfo } from './model.ts';

export interface FunctionCall {
  /** Starts the names of the nodes; may be empty. */
  readonly name: string;
  /** Names of the arguments; empty where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** A name that is free in the whole model, and taken from now on. */
  readonly freshName: (hint: string) => string;
  /** For messages. */
  readonly source: string;
}

export interface FunctionBody {
  readonly nodes: readonly OnnxNode[];
  /** Names of the results, in the order of the function's outputs. */
  readonly outputs: readonly string[];
}

/**
 * The nodes of a function as one call of it means them: parameters named as the
 * arguments, every other value renamed, attribute references replaced by the
 * call's attributes or the function's defaults, and left out where neither gives
 * one (IR specification, "Functions"). Weights stay views.
 */
export function functionBody(definition: OnnxFunction, call: FunctionCall): FunctionBody {
  const instance = new Instance(definition, call);
  const nodes = definition.nodes.map((node) => instance.node(node));
  return { nodes, outputs: definition.outputs.map((name) => instance.read(name)) };
}

class Instance {
  readonly #function: OnnxFunction;
  readonly #call: FunctionCall;
  readonly #attributes: ReadonlyMap<string, OnnxAttribute>;
  /**
   * One table for all graphs of the body: a name may be made twice only in
   * subgraphs side by side, and the later one then overwrites the earlier.
   */
  readonly #names = new Map<string, string>();

  constructor(definition: OnnxFunction, call: FunctionCall) {
    this.#function = definition;
    this.#call = call;
    const defaults = definition.attributeProtos.map((one) => [one.name ?? '', one] as const);
    this.#attributes = new Map([...defaults, ...call.attributes]);
    for (const [index, name] of definition.inputs.entries()) {
      this.#names.set(name, call.inputs[index] ?? '');
    }
  }

  node(node: OnnxNode): OnnxNode {
    const { name: prefix } = this.#call;
    const inputs = node.inputs.map((name) => this.read(name));
    const attributes = node.attributes.flatMap((attribute) => this.#attribute(attribute));
    const isNamed = prefix !== '' && node.name !== undefined && node.name !== '';
    return {
      ...node,
      ...(isNamed ? { name: `${prefix}/${node.name}` } : {}),
      inputs,
      attributes,
      outputs: node.outputs.map((name) => this.#make(name)),
    };
  }

  read(name: string): string {
    if (name === '') return '';
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    throw new InvalidModelError(
      `function '${this.#function.name ?? ''}' reads '${name}', which nothing before it makes`,
      { source: this.#call.source },
    );
  }

  #make(name: string): string {
    if (name === '') return '';
    const fresh = this.#call.freshName(name);
    this.#names.set(name, fresh);
    return fresh;
  }

  #attribute(attribute: OnnxAttribute): readonly OnnxAttribute[] {
    const { refAttrName: reference = '', name = '' } = attribute;
    if (reference !== '') {
      const given = this.#attributes.get(reference);
      if (given === undefined) return [];
      const { refAttrName: _, ...content } = given;
      return this.#attribute({ ...content, name });
    }
    if (attribute.g === undefined && attribute.graphs.length === 0) return [attribute];
    const graphs = attribute.graphs.map((graph) => this.#graph(graph));
    return [{ ...attribute, graphs, ...(attribute.g ? { g: this.#graph(attribute.g) } : {}) }];
  }

  #graph(graph: OnnxGraph): OnnxGraph {
    const make = <T extends { readonly name?: string }>(one: T): T => {
      return { ...one, name: this.#make(one.name ?? '') };
    };
    const read = (info: OnnxValueInfo): OnnxValueInfo => {
      return { ...info, name: this.read(info.name ?? '') };
    };
    const inputs = graph.inputs.map(make);
    const isInput = new Set(graph.inputs.map(({ name }) => name));
    // An initializer of an input is its default, and is named as it.
    const initializers = graph.initializers.map((tensor) =>
      isInput.has(tensor.name) ? { ...tensor, name: this.read(tensor.name ?? '') } : make(tensor),
    );
    const sparseInitializers = graph.sparseInitializers.map((sparse) =>
      sparse.values === undefined ? sparse : { ...sparse, values: make(sparse.values) },
    );
    const nodes = graph.nodes.map((node) => this.node(node));
    const described = graph.valueInfos.filter(({ name = '' }) => this.#names.has(name));
    const outputs = graph.outputs.map(read);
    const valueInfos = described.map(read);
    return { ...graph, inputs, initializers, sparseInitializers, nodes, outputs, valueInfos };
  }
}

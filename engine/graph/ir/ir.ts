import { createTensor, type TensorContent } from '../create-tensor.ts';
import type {
  OnnxAttribute,
  OnnxEntry,
  OnnxGraph,
  OnnxSparseTensor,
  OnnxTensor,
  OnnxValueInfo,
} from '../model.ts';

/**
 * A graph that is cheap to rewrite: values know who makes them and who uses
 * them, so that replacing one costs its uses, not the graph. `import-graph.ts`
 * makes it from an `OnnxGraph`, `export-graph.ts` turns it back and sorts the
 * nodes, so that a rewrite may add them in any order.
 *
 * Subgraphs (of If, Loop, Scan) see the values of the graphs around them: the
 * uses of such a value hold nodes of the inner graphs too.
 */
export class IrGraph {
  /** The node whose attribute this graph is; null for the main graph. */
  readonly owner: IrNode | null;
  readonly name: string;
  /** The message it was made from: what no rewrite looks at is written back from there. */
  readonly original: Partial<OnnxGraph>;
  /** In the order of the file, new ones last; removal and addition are O(1). */
  readonly nodes = new Set<IrNode>();
  readonly inputs: IrValue[] = [];
  /** Change them by `replaceUses` only. The same value may be given out twice. */
  readonly outputs: IrValue[] = [];
  /** Values that are constants, defaults of inputs among them. */
  readonly initializers = new Set<IrValue>();
  readonly #names: NameScope;

  constructor(options: {
    readonly name: string;
    readonly owner: IrNode | null;
    readonly names: NameScope;
    readonly original?: Partial<OnnxGraph>;
  }) {
    this.original = options.original ?? {};
    this.name = options.name;
    this.owner = options.owner;
    this.#names = options.names;
  }

  get names(): NameScope {
    return this.#names;
  }

  /** A value of this name; the caller has made sure that it is free. */
  addValue(name: string): IrValue {
    this.#names.take(name);
    return new IrValue(name, this);
  }

  /** A value whose name starts with `hint` and is free in the whole model. */
  addFreshValue(hint: string): IrValue {
    return this.addValue(this.#names.fresh(hint));
  }

  addInitializer(hint: string, content: TensorContent): IrValue {
    const value = this.addFreshValue(hint);
    this.setInitializer(value, createTensor(value.name, content));
    return value;
  }

  setInitializer(value: IrValue, tensor: OnnxTensor): void {
    value.initializer = tensor;
    this.initializers.add(value);
  }

  /**
   * Adds a node. `outputs`: existing values without a producer, or how many
   * fresh ones to make.
   */
  addNode(options: NewNode): IrNode {
    const node = new IrNode(this, options);
    this.nodes.add(node);
    for (const [index, value] of options.inputs.entries()) node.setInput(index, value);
    const { outputs = 1 } = options;
    const made =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, () =>
            this.addFreshValue(options.name ?? options.opType.toLowerCase()),
          )
        : outputs;
    for (const value of made) {
      node.outputs.push(value);
      if (value !== null) value.producer = node;
    }
    return node;
  }

  /** Removes a node whose outputs nobody needs. */
  removeNode(node: IrNode): void {
    if (!node.outputs.every((value) => value === null || value.isUnused)) {
      throw new Error(`node '${node.name}' (${node.opType}) still has users`);
    }
    for (const index of node.inputs.keys()) node.setInput(index, null);
    for (const graph of node.allSubgraphs()) graph.disconnect();
    for (const value of node.outputs) if (value !== null) this.#names.release(value.name);
    this.nodes.delete(node);
  }

  /** Drops an initializer that nobody uses; inputs with a default stay. */
  removeInitializer(value: IrValue): void {
    this.initializers.delete(value);
    value.initializer = null;
    value.sparse = null;
    this.#names.release(value.name);
  }

  /** Ends every use that the nodes of this graph make of values outside. */
  disconnect(): void {
    for (const node of this.nodes) {
      for (const index of node.inputs.keys()) node.setInput(index, null);
      for (const graph of node.allSubgraphs()) graph.disconnect();
    }
  }
}

export interface NewNode {
  readonly opType: string;
  readonly domain?: string;
  readonly name?: string;
  readonly overload?: string;
  readonly inputs: readonly (IrValue | null)[];
  readonly outputs?: number | readonly (IrValue | null)[];
  readonly attributes?: ReadonlyMap<string, OnnxAttribute>;
  readonly kept?: KeptNodeFields;
}

/** What a node's message holds that no rewrite looks at. */
export interface KeptNodeFields {
  readonly docString?: string;
  readonly metadataProps: readonly OnnxEntry[];
  readonly unknown?: readonly Uint8Array[];
}

const NOTHING_KEPT: KeptNodeFields = Object.freeze({ metadataProps: [] });

export class IrNode {
  readonly graph: IrGraph;
  opType: string;
  /** Empty for `ai.onnx`. */
  domain: string;
  readonly name: string;
  readonly overload: string;
  /** Null where an optional input is left out. Change them by `setInput` only. */
  readonly inputs: readonly (IrValue | null)[];
  /** Null where an optional output is not wanted. */
  readonly outputs: (IrValue | null)[] = [];
  /** Without those that hold graphs. */
  readonly attributes: Map<string, OnnxAttribute>;
  /** Graphs in attributes, by the attribute's name. */
  readonly subgraphs = new Map<string, Subgraphs>();
  readonly kept: KeptNodeFields;
  readonly #uses: (IrUse | null)[] = [];

  constructor(graph: IrGraph, options: Omit<NewNode, 'inputs' | 'outputs'>) {
    this.graph = graph;
    this.opType = options.opType;
    this.domain = options.domain === 'ai.onnx' ? '' : (options.domain ?? '');
    this.name = options.name ?? '';
    this.overload = options.overload ?? '';
    this.attributes = new Map(options.attributes);
    this.kept = options.kept ?? NOTHING_KEPT;
    this.inputs = [];
  }

  setInput(index: number, value: IrValue | null): void {
    const inputs = this.inputs as (IrValue | null)[];
    const old = this.#uses[index];
    if (old !== null && old !== undefined) inputs[index]?.uses.delete(old);
    while (inputs.length < index) {
      inputs.push(null);
      this.#uses.push(null);
    }
    const use = value === null ? null : { node: this, index };
    inputs[index] = value;
    this.#uses[index] = use;
    if (use !== null) value?.uses.add(use);
  }

  /** Drops trailing inputs beyond `count`. */
  truncateInputs(count: number): void {
    for (let index = count; index < this.inputs.length; index += 1) this.setInput(index, null);
    (this.inputs as (IrValue | null)[]).length = Math.min(count, this.inputs.length);
    this.#uses.length = this.inputs.length;
  }

  /** The first output; a node without one is a programmer's error. */
  get output(): IrValue {
    const [first] = this.outputs;
    if (first === null || first === undefined) throw new Error(`${this.opType} has no output`);
    return first;
  }

  /** False for a node that lacks its first output: no operator that a rewrite knows may. */
  is(opType: string, domain = ''): boolean {
    return this.opType === opType && this.domain === domain && (this.outputs[0] ?? null) !== null;
  }

  /** One of several operators of `ai.onnx`. */
  isOneOf(opTypes: ReadonlySet<string>): boolean {
    return opTypes.has(this.opType) && this.is(this.opType);
  }

  *allSubgraphs(): Generator<IrGraph> {
    for (const { graphs } of this.subgraphs.values()) yield* graphs;
  }
}

export interface Subgraphs {
  /** The attribute's message, its graphs left out. */
  readonly attribute: OnnxAttribute;
  readonly graphs: readonly IrGraph[];
  /** Whether the attribute holds a list of graphs. */
  readonly isList: boolean;
}

export interface IrUse {
  readonly node: IrNode;
  /** Which input of the node. */
  readonly index: number;
}

export class IrValue {
  name: string;
  readonly graph: IrGraph;
  /** Null for inputs and initializers. */
  producer: IrNode | null = null;
  /** Each use once, those in inner graphs too; being a graph's output is not a use. */
  readonly uses = new Set<IrUse>();
  initializer: OnnxTensor | null = null;
  /** An initializer in sparse form: kept, never looked into. */
  sparse: OnnxSparseTensor | null = null;
  isInput = false;
  /** How often it is an output of its graph. */
  outputCount = 0;
  /** Declared type and shape, if any. */
  info: OnnxValueInfo | null = null;

  constructor(name: string, graph: IrGraph) {
    this.name = name;
    this.graph = graph;
  }

  get isOutput(): boolean {
    return this.outputCount > 0;
  }

  get isUnused(): boolean {
    return this.uses.size === 0 && !this.isOutput;
  }

  /** The tensor, when no caller can override it: an input's default is not constant. */
  get constant(): OnnxTensor | null {
    return this.isInput ? null : this.initializer;
  }

  /** The only node that uses it, once, when it is no graph output. */
  get soleUser(): IrNode | null {
    if (this.isOutput || this.uses.size !== 1) return null;
    const [use] = this.uses;
    return use?.node ?? null;
  }
}

/**
 * Names of values, unique in the whole model: an inner name must not hide an outer
 * one. Counted, because subgraphs side by side may have been read with equal names.
 */
export class NameScope {
  readonly #taken = new Map<string, number>();
  readonly #next = new Map<string, number>();

  take(name: string): void {
    this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  release(name: string): void {
    const others = (this.#taken.get(name) ?? 0) - 1;
    if (others > 0) this.#taken.set(name, others);
    else this.#taken.delete(name);
  }

  /** Amortized O(1): it goes on counting where it stopped. */
  fresh(hint: string): string {
    if (!this.#taken.has(hint)) return hint;
    let count = this.#next.get(hint) ?? 1;
    while (this.#taken.has(`${hint}_${count}`)) count += 1;
    this.#next.set(hint, count + 1);
    return `${hint}_${count}`;
  }
}

/**
 * Lets everything that uses `old` use `replacement` instead, the graph's outputs
 * included: an output keeps its name, which `replacement` then takes over. False,
 * and nothing is changed, where that cannot be: an output that would have to be an
 * input, an initializer, another output or a value of an outer graph.
 */
export function replaceUses(old: IrValue, replacement: IrValue): boolean {
  if (old.isOutput && !canBecomeOutput(old, replacement)) return false;
  for (const use of old.uses) use.node.setInput(use.index, replacement);
  if (!old.isOutput) return true;
  const { graph } = old;
  for (const [index, output] of graph.outputs.entries()) {
    if (output === old) graph.outputs[index] = replacement;
  }
  replacement.outputCount += old.outputCount;
  old.outputCount = 0;
  [old.name, replacement.name] = [replacement.name, old.name];
  replacement.info = old.info;
  return true;
}

function canBecomeOutput(old: IrValue, replacement: IrValue): boolean {
  return (
    replacement.graph === old.graph &&
    replacement.producer !== null &&
    !replacement.isInput &&
    !replacement.isOutput
  );
}

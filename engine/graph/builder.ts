import { createAttribute, type AttributeValue } from './create-attribute.ts';
import { createTensor, type TensorContent } from './create-tensor.ts';
import type { Dim } from './describe.ts';
import { elementTypeNumber } from './element-type.ts';
import type {
  OnnxDimension,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from './model.ts';

export interface ModelBuilderOptions {
  /** Name of the graph. */
  readonly name: string;
  /** Version of `ai.onnx`. */
  readonly opset: number;
  /** Versions of further domains, such as `{'com.microsoft': 1}`. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  readonly producer?: { readonly name: string; readonly version: string };
}

/** What exporters write with opset 17. */
const DEFAULT_IR_VERSION = 8;

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Names of the outputs; without them, one named after the node. */
  readonly outputs?: readonly string[];
}

/**
 * Makes a model step by step. Every method that adds a value returns its name,
 * to be passed to the next node; nodes must be added in topological order.
 */
export class ModelBuilder {
  readonly #options: ModelBuilderOptions;
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: OnnxValueInfo[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #nodes: OnnxNode[] = [];

  constructor(options: ModelBuilderOptions) {
    this.#options = options;
  }

  /** `dims`: a number where fixed, a name where symbolic; null for an unknown rank. */
  input(name: string, elementType: string, dims: readonly Dim[] | null): string {
    this.#inputs.push(valueInfo(name, elementType, dims));
    return name;
  }

  /** The content is kept as a view. */
  initializer(name: string, content: TensorContent): string {
    this.#initializers.push(createTensor(name, content));
    return name;
  }

  /** Adds a node and returns the name of its first output. */
  node(opType: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const name = options.name ?? `${opType}_${this.#nodes.length}`;
    const outputs = options.outputs ?? [`${name}_output_0`];
    this.#nodes.push({
      inputs,
      outputs,
      name,
      opType,
      attributes: Object.entries(options.attributes ?? {}).map(([key, value]) => {
        return createAttribute(key, value);
      }),
      metadataProps: [],
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    });
    return outputs[0] ?? '';
  }

  output(name: string, elementType: string, dims: readonly Dim[] | null): void {
    this.#outputs.push(valueInfo(name, elementType, dims));
  }

  /** The graph alone, for an attribute of a control-flow node. */
  buildGraph(): OnnxGraph {
    return {
      nodes: [...this.#nodes],
      name: this.#options.name,
      initializers: [...this.#initializers],
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      valueInfos: [],
      quantizationAnnotations: [],
      sparseInitializers: [],
      metadataProps: [],
    };
  }

  build(): OnnxModel {
    const { opset, domains, irVersion, producer } = this.#options;
    return {
      irVersion: irVersion ?? DEFAULT_IR_VERSION,
      ...(producer === undefined
        ? {}
        : { producerName: producer.name, producerVersion: producer.version }),
      graph: this.buildGraph(),
      opsetImports: [
        { domain: '', version: opset },
        ...Object.entries(domains ?? {}).map(([domain, version]) => ({ domain, version })),
      ],
      metadataProps: [],
      trainingInfo: [],
      functions: [],
    };
  }
}

function valueInfo(name: string, elementType: string, dims: readonly Dim[] | null): OnnxValueInfo {
  const shape = dims === null ? {} : { shape: { dims: dims.map(dimension) } };
  return {
    name,
    type: { tensorType: { elemType: elementTypeNumber(elementType), ...shape } },
    metadataProps: [],
  };
}

function dimension(dim: Dim): OnnxDimension {
  if (dim === null) return {};
  return typeof dim === 'number' ? { value: dim } : { symbol: dim };
}

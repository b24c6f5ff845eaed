import { elementTypeName } from './element-type.ts';
import type { OnnxDimension, OnnxModel, OnnxNode, OnnxValueInfo } from './model.ts';

/** What can be said about a model without running it. */
export interface ModelDescription {
  readonly name: string;
  readonly irVersion: number | null;
  /** Versions by domain; `ai.onnx` is the default domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: { readonly name: string; readonly version: string };
  /** What a caller must feed: graph inputs that have no initializer. */
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /** Nodes of the main graph; those of subgraphs are not counted. */
  readonly nodeCount: number;
  /** Nodes by operator, the most frequent first; `domain.Op` outside the default domain. */
  readonly operators: Readonly<Record<string, number>>;
}

export interface ValueDescription {
  readonly name: string;
  /** Such as `float32`; null for sequences, maps and unknown types. */
  readonly elementType: string | null;
  /** A number where fixed, a name where symbolic, null where unknown; null for an unknown rank. */
  readonly dims: readonly Dim[] | null;
}

export type Dim = number | string | null;

export function describeModel(model: OnnxModel): ModelDescription {
  const { graph } = model;
  const initialized = new Set(graph.initializers.map((tensor) => tensor.name));
  const fed = graph.inputs.filter((input) => !initialized.has(input.name));
  return {
    name: graph.name ?? '',
    irVersion: model.irVersion ?? null,
    opsets: opsetsOf(model),
    producer: { name: model.producerName ?? '', version: model.producerVersion ?? '' },
    inputs: fed.map(describeValue),
    outputs: graph.outputs.map(describeValue),
    nodeCount: graph.nodes.length,
    operators: countOperators(graph.nodes),
  };
}

function opsetsOf(model: OnnxModel): Record<string, number> {
  const entries = model.opsetImports.map(({ domain, version }) => {
    return [domain === undefined || domain === '' ? 'ai.onnx' : domain, version ?? 0] as const;
  });
  return Object.fromEntries(entries);
}

function describeValue(value: OnnxValueInfo): ValueDescription {
  const tensor = value.type?.tensorType;
  return {
    name: value.name ?? '',
    elementType: elementTypeName(tensor?.elemType),
    dims: tensor?.shape?.dims.map(dimOf) ?? null,
  };
}

/** Some exporters write an unknown dimension as an empty symbol or as a negative number. */
function dimOf(dim: OnnxDimension): Dim {
  if (dim.value !== undefined) return dim.value < 0 ? null : dim.value;
  return dim.symbol === undefined || dim.symbol === '' ? null : dim.symbol;
}

function countOperators(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const operator = operatorOf(node);
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries(sorted);
}

function operatorOf(node: OnnxNode): string {
  const name = node.opType ?? '';
  return node.domain === undefined || node.domain === '' || node.domain === 'ai.onnx'
    ? name
    : `${node.domain}.${name}`;
}

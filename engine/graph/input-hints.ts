import { describeModel } from './describe.ts';
import { elementTypeName, isIntegerType } from './element-type.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from './model.ts';

/**
 * What values an integer graph input may hold, judged by what the graph does
 * with it, so that inputs can be invented that the model accepts.
 */
export interface InputHint {
  readonly name: string;
  /**
   * `indices`: rows of a table are looked up by it; `mask`: 0 or 1, as attention
   * masks are; `unknown`: neither could be seen.
   */
  readonly role: 'indices' | 'mask' | 'unknown';
  /** Legal values are 0 up to, not including, this; null when nothing bounds them. */
  readonly upperBound: number | null;
}

/** One hint for each integer input that a caller must feed, in the order of the graph. */
export function inputHints(model: OnnxModel): InputHint[] {
  const links = linkGraph(model.graph);
  const inputs = describeModel(model).inputs.filter((input) => isIntegerType(input.elementType));
  return inputs.map(({ name }) => hintOf(name, reachedUses(links, name), links));
}

function hintOf(name: string, uses: readonly Use[], links: Links): InputHint {
  const lookups = uses.flatMap((use) => lookupOf(use) ?? []);
  if (lookups.length > 0) {
    const bounds = lookups
      .map((lookup) => tableRows(lookup, links))
      .filter((rows) => rows !== null);
    return { name, role: 'indices', upperBound: bounds.length === 0 ? null : Math.min(...bounds) };
  }
  const isMask = /mask/i.test(name) || uses.some(looksLikeMask);
  return isMask
    ? { name, role: 'mask', upperBound: 2 }
    : { name, role: 'unknown', upperBound: null };
}

interface Use {
  readonly node: OnnxNode;
  /** Which input of the node it is. */
  readonly index: number;
}

interface Links {
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  readonly producers: ReadonlyMap<string, OnnxNode>;
  /** Dimensions of initializers by name. */
  readonly constants: ReadonlyMap<string, readonly number[]>;
}

function linkGraph(graph: OnnxGraph): Links {
  const uses = new Map<string, Use[]>();
  const producers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) {
    for (const [index, input] of node.inputs.entries()) {
      const known = uses.get(input);
      if (known === undefined) uses.set(input, [{ node, index }]);
      else known.push({ node, index });
    }
    for (const output of node.outputs) producers.set(output, node);
  }
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name ?? '', tensor.dims]));
  return { uses, producers, constants };
}

/** Operators that pass on the values of their first input, whatever they do to the shape. */
const CARRIERS: ReadonlySet<string> = new Set([
  'Cast',
  'Flatten',
  'Identity',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** Uses of a value directly or behind carriers; each value is followed once, so a cycle ends. */
function reachedUses(links: Links, name: string): Use[] {
  const reached: Use[] = [];
  const seen = new Set([name]);
  const waiting = [name];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const use of links.uses.get(value) ?? []) {
      reached.push(use);
      if (use.index !== 0 || !CARRIERS.has(use.node.opType ?? '')) continue;
      const fresh = use.node.outputs.filter((output) => !seen.has(output));
      for (const output of fresh) seen.add(output);
      waiting.push(...fresh);
    }
  }
  return reached;
}

interface Lookup {
  readonly table: string;
  readonly axis: number;
}

/** Which of an operator's inputs are indices into which other input. */
const LOOKUPS: Readonly<Record<string, ReadonlyMap<number, number>>> = Object.freeze({
  Gather: new Map([[1, 0]]),
  // com.microsoft: token and segment identifiers into their embeddings.
  EmbedLayerNormalization: new Map([
    [0, 2],
    [1, 4],
    [8, 3],
  ]),
});

function lookupOf({ node, index }: Use): Lookup | null {
  const tableIndex = LOOKUPS[node.opType ?? '']?.get(index);
  if (tableIndex === undefined) return null;
  const axis = node.attributes.find((attribute) => attribute.name === 'axis')?.i ?? 0n;
  return { table: node.inputs[tableIndex] ?? '', axis: Number(axis) };
}

/** How many carriers may stand between a table and its initializer. */
const MAX_TABLE_STEPS = 8;

/** Only these keep the shape of a table on its way from the initializer. */
const SHAPE_KEEPERS: ReadonlySet<string> = new Set(['Cast', 'DequantizeLinear', 'Identity']);

function tableRows({ table, axis }: Lookup, links: Links): number | null {
  let name = table;
  for (let step = 0; step < MAX_TABLE_STEPS; step += 1) {
    const dims = links.constants.get(name) ?? constantDims(links.producers.get(name));
    if (dims !== null) return dims[axis < 0 ? dims.length + axis : axis] ?? null;
    const producer = links.producers.get(name);
    if (producer === undefined || !SHAPE_KEEPERS.has(producer.opType ?? '')) return null;
    name = producer.inputs[0] ?? '';
  }
  return null;
}

function constantDims(node: OnnxNode | undefined): readonly number[] | null {
  if (node?.opType !== 'Constant') return null;
  return node.attributes.find((attribute) => attribute.name === 'value')?.t?.dims ?? null;
}

/** Comparisons, logic and arithmetic that turn a mask into a bias or a condition. */
const MASK_OPERATORS: ReadonlySet<string> = new Set([
  'Add',
  'And',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Mul',
  'Not',
  'Or',
  'Sub',
]);

function looksLikeMask({ node, index }: Use): boolean {
  const operator = node.opType ?? '';
  if (operator === 'Where') return index === 0;
  if (operator !== 'Cast') return MASK_OPERATORS.has(operator);
  const to = node.attributes.find((attribute) => attribute.name === 'to')?.i ?? 0n;
  // Indices are cast between integer types only.
  return !isIntegerType(elementTypeName(Number(to)));
}

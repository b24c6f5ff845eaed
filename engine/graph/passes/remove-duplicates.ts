import { sortedNodes } from '../ir/export-model.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrGraph, type IrNode, type IrValue } from '../ir/ir.ts';
import type { OnnxAttribute } from '../model.ts';
import { tensorKey, tensorShapeKey } from '../tensor-key.ts';
import { deterministicNodes } from './deterministic.ts';
import { allGraphs, RewriteLog, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Keeps one of several equal initializers, and one of several nodes that compute
 * the same from the same inputs (common subexpressions), each within its graph.
 */
export const removeDuplicates: Pass = Object.freeze({
  name: 'remove-duplicates',
  summary: 'merges equal initializers and equal computations',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const log = new RewriteLog();
    const isDeterministic = deterministicNodes(model);
    for (const graph of allGraphs(model.graph)) {
      mergeInitializers(graph, log);
      mergeNodes(graph, isDeterministic, log);
    }
    return log.result();
  },
});

/** Only tensors of a type and shape that occur twice are read, each once. */
function mergeInitializers(graph: IrGraph, log: RewriteLog): void {
  const candidates = new Map<string, IrValue[]>();
  for (const value of graph.initializers) {
    if (value.constant === null) continue;
    const key = tensorShapeKey(value.constant);
    const known = candidates.get(key);
    if (known === undefined) candidates.set(key, [value]);
    else known.push(value);
  }
  for (const values of candidates.values()) {
    if (values.length > 1) mergeEqual(values, log);
  }
}

function mergeEqual(values: readonly IrValue[], log: RewriteLog): void {
  const first = new Map<string, IrValue>();
  for (const value of values) {
    const key = value.constant === null ? null : tensorKey(value.constant);
    if (key === null) continue;
    const kept = first.get(key);
    if (kept === undefined) first.set(key, value);
    else if (redirect(value, kept)) {
      if (value.isUnused) value.graph.removeInitializer(value);
      log.rewrote();
    }
  }
}

/**
 * In topological order: when a node is looked at, its inputs are merged already,
 * so that one run finds whole equal branches.
 */
function mergeNodes(
  graph: IrGraph,
  isDeterministic: (node: IrNode) => boolean,
  log: RewriteLog,
): void {
  const first = new Map<string, IrNode>();
  const numbers = new ValueNumbers();
  for (const node of sortedNodes(graph)) {
    // A shared pair of QuantizeLinear and DequantizeLinear would no longer belong
    // to one operator, which is how a runtime finds what to run in integers.
    const isPair = node.is('QuantizeLinear') || node.is('DequantizeLinear');
    const key = isPair || !isDeterministic(node) ? null : nodeKey(node, numbers);
    if (key === null) continue;
    const kept = first.get(key);
    if (kept === undefined) first.set(key, node);
    else mergeInto(kept, node, log);
  }
}

function mergeInto(kept: IrNode, node: IrNode, log: RewriteLog): void {
  let changed = false;
  for (const [index, value] of node.outputs.entries()) {
    const replacement = kept.outputs[index] ?? null;
    if (value === null || replacement === null) continue;
    changed = redirect(value, replacement) || changed;
    if (value.isOutput) log.skipped(node, `'${value.name}' and its equal are outputs of the graph`);
  }
  if (!changed) return;
  removeDeadFrom(node);
  log.rewrote();
}

/** Whether anything changed. An output that must stay loses its other uses. */
function redirect(value: IrValue, replacement: IrValue): boolean {
  if (value.isUnused) return false;
  if (replaceUses(value, replacement)) return true;
  const uses = [...value.uses];
  for (const { node, index } of uses) node.setInput(index, replacement);
  return uses.length > 0;
}

class ValueNumbers {
  readonly #numbers = new Map<IrValue, number>();

  of(value: IrValue | null): number {
    if (value === null) return -1;
    const known = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, known);
    return known;
  }
}

/** Equal for nodes that compute the same; null where that cannot be told. */
function nodeKey(node: IrNode, numbers: ValueNumbers): string | null {
  const attributes: string[] = [];
  for (const attribute of node.attributes.values()) {
    const key = attributeKey(attribute);
    if (key === null) return null;
    attributes.push(key);
  }
  const inputs = node.inputs.map((value) => numbers.of(value));
  // How many outputs there are, and which are wanted, decides what some operators do (Split).
  const outputs = node.outputs.map((value) => (value === null ? 0 : 1));
  const what = [node.opType, node.domain, node.overload, inputs, outputs, attributes.toSorted()];
  return JSON.stringify(what);
}

function attributeKey(attribute: OnnxAttribute): string | null {
  const { name, type, f, i, s, t, floats, ints, strings } = attribute;
  const tensor = t === undefined ? '' : tensorKey(t);
  const isKnown =
    tensor !== null &&
    [attribute.tp, attribute.sparseTensor, attribute.refAttrName].every(isAbsent) &&
    [attribute.tensors, attribute.sparseTensors, attribute.typeProtos].every(isEmpty);
  if (!isKnown) return null;
  return JSON.stringify([
    name,
    type,
    f === undefined ? '' : exact(f),
    i === undefined ? '' : String(i),
    s === undefined ? '' : Buffer.from(s).toString('base64'),
    tensor,
    floats.map(exact),
    ints.map(String),
    strings.map((text) => Buffer.from(text).toString('base64')),
  ]);
}

/** JSON would write -0 as 0, and NaN and the infinities as null. */
function exact(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function isAbsent(field: unknown): boolean {
  return field === undefined;
}

function isEmpty(field: readonly unknown[]): boolean {
  return field.length === 0;
}

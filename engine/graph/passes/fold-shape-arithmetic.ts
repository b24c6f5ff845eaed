import { intAttribute } from '../attributes.ts';
import type { TensorContent } from '../create-tensor.ts';
import type { Dim } from '../describe.ts';
import { sortedNodes } from '../ir/export-model.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode, type IrValue } from '../ir/ir.ts';
import { inferShapes } from '../shapes/infer-shapes.ts';
import { fixedSize, type ShapeMap, type ValueShape } from '../shapes/value-shape.ts';
import { allGraphs, RewriteLog, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Makes constants of what exporters compute from shapes at run time although it is the
 * same for every input. What depends on a free dim stays, but for the target of a
 * Reshape or Expand: there 0, -1 and 1 can say the same.
 */
export const foldShapeArithmetic: Pass = Object.freeze({
  name: 'fold-shape-arithmetic',
  summary: 'computes what follows from fixed dims: shapes, sizes, pads, targets of Reshape',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const log = new RewriteLog();
    const shapes = inferShapes(model);
    for (const graph of allGraphs(model.graph)) {
      // Users first: what only a folded value needed is then gone.
      for (const node of sortedNodes(graph).reverse()) {
        if (!graph.nodes.has(node)) continue;
        foldOutputs(node, shapes, log);
        if (graph.nodes.has(node)) foldTarget(node, shapes, log);
      }
    }
    return log.result();
  },
});

function foldOutputs(node: IrNode, shapes: ShapeMap, log: RewriteLog): void {
  if (node.is('Constant')) return;
  for (const value of node.outputs) {
    if (value === null || value.isUnused) continue;
    const content = contentOf(shapes.of(value));
    if (content === null) continue;
    if (value.isOutput) {
      log.skipped(node, `'${value.name}' is constant but an output of the graph`);
      continue;
    }
    replaceUses(value, value.graph.addInitializer(value.name, content));
    log.rewrote();
  }
  removeDeadFrom(node);
}

/** Null unless every element is known. */
function contentOf({ type, dims, elements }: ValueShape): TensorContent | null {
  const fixed = dims?.every((dim) => typeof dim === 'number') === true ? dims : null;
  if (type === null || fixed === null || elements === null) return null;
  if (fixedSize(fixed) !== elements.length) return null;
  if (!elements.every((element) => typeof element === 'number')) return null;
  const data = pack(type, elements);
  return data === null ? null : { type, dims: fixed, data };
}

function pack(type: string, elements: readonly number[]): ArrayBufferView | null {
  if (type === 'float32') return Float32Array.from(elements);
  if (!elements.every((element) => Number.isSafeInteger(element))) return null;
  if (type === 'int64') return BigInt64Array.from(elements, (element) => BigInt(element));
  if (type === 'int32') return Int32Array.from(elements);
  return type === 'bool' ? Uint8Array.from(elements) : null;
}

function foldTarget(node: IrNode, shapes: ShapeMap, log: RewriteLog): void {
  const [data = null, target = null] = node.inputs;
  if (data === null || target === null || isGiven(target)) return;
  const { dims } = shapes.of(data);
  const { elements } = shapes.of(target);
  if (elements === null) return;
  const folded = node.is('Reshape')
    ? reshapeTarget(node, dims, elements)
    : node.is('Expand')
      ? expandTarget(dims, elements)
      : null;
  if (folded === null) return;
  if (typeof folded === 'string') {
    log.skipped(node, folded);
    return;
  }
  const content = {
    type: 'int64',
    dims: [folded.length],
    data: BigInt64Array.from(folded, BigInt),
  };
  node.setInput(1, node.graph.addInitializer(target.name, content));
  // With allowzero a 0 would be a dim of 0; without, it copies the dim of the input.
  if (node.is('Reshape')) node.attributes.delete('allowzero');
  if (target.producer !== null) removeDeadFrom(target.producer);
  log.rewrote();
}

/** An input of the model, or constant as it is. */
function isGiven(value: IrValue): boolean {
  return value.producer === null || value.producer.is('Constant');
}

/** The reason where it cannot be. */
function reshapeTarget(
  node: IrNode,
  dims: readonly Dim[] | null,
  entries: readonly Dim[],
): readonly number[] | string {
  const keepsZeros = intAttribute(node, 'allowzero', 0) !== 0;
  if (keepsZeros && entries.includes(0)) return 'its target has a dim of 0';
  const folded = entries.map((entry, axis) => {
    if (typeof entry === 'number') return entry;
    return entry !== null && entry === dims?.[axis] ? 0 : -1;
  });
  const open = folded.filter((entry) => entry === -1).length;
  if (open > 1) return 'more than one entry of its target depends on the input';
  // The runtime cannot infer a dim next to one of 0, such as that of an empty batch.
  const isInferred = open === 1 && !entries.includes(-1);
  if (isInferred && folded.includes(0)) return 'its target is not clear for an empty input';
  return folded;
}

/** In the target of an Expand a 1 keeps the dim, which must be the one that was asked for. */
function expandTarget(
  dims: readonly Dim[] | null,
  entries: readonly Dim[],
): readonly number[] | string {
  if (dims === null) return 'the rank of its input is not known';
  const shift = dims.length - entries.length;
  const folded = entries.map((entry, axis) => {
    if (typeof entry === 'number') return entry;
    return entry !== null && entry === dims[axis + shift] ? 1 : null;
  });
  return folded.every((entry) => entry !== null)
    ? folded
    : 'an entry of its target depends on the input';
}

import { createAttribute } from '../create-attribute.ts';
import { elementTypeNumber } from '../element-type.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrValue } from '../ir/ir.ts';
import { inferShapes } from '../shapes/infer-shapes.ts';
import type { ShapeMap } from '../shapes/value-shape.ts';
import { readFloats } from '../tensor-values.ts';
import { matchEmbed, type EmbedMatch } from './embed-pattern.ts';
import { useRuntimeDomain } from './fused-conv.ts';
import { knownShapes } from './known-shape.ts';
import { substituteNormalizedSum } from './normalized-sum.ts';
import { visitNodes, type Pass } from './pass.ts';

/**
 * Words, positions and token types looked up, added and normalized, as BERT begins,
 * become the runtime's EmbedLayerNormalization. Its indices are int32: an int64 that
 * does not fit, and a negative one, which Gather counts from the end, are what no
 * tokenizer gives.
 */
export const fuseEmbedLayerNorm: Pass = Object.freeze({
  name: 'fuse-embed-layer-norm',
  summary: "joins the embeddings of a transformer and their LayerNormalization to the runtime's",
  pipeline: 'all',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    let inferred: ShapeMap | null = null;
    const shapes = (): ShapeMap => (inferred ??= inferShapes(model));
    return visitNodes(model, (node, log) => {
      const match = node.is('LayerNormalization') ? matchEmbed(node, { shapes, shapeOf }) : null;
      if (match === null) return;
      const reason = typeof match === 'string' ? match : fuse(match, shapes());
      if (reason === null) {
        useRuntimeDomain(model);
        log.rewrote();
      } else log.skipped(node, reason);
    });
  },
});

/** Null when it was done, else why not. */
function fuse(match: EmbedMatch, shapes: ShapeMap): string | null {
  const { node, words, positions, segments, isCounted } = match;
  const indices = [words.ids, segments?.ids ?? null, isCounted ? null : positions.ids];
  if (!indices.every((ids) => ids === null || INDICES.has(shapes.of(ids).type ?? ''))) {
    return 'its indices are not known to be integers';
  }
  const table = withConstantRow(match);
  if (table === null) return 'the token type is outside of its table';
  const converted = indices.map((ids) => toInt32(node.graph, ids, shapes));
  const [ids = null, segmentIds = null, positionIds = null] = converted;
  const segmentTable = segments?.table ?? null;
  const constants = [words.table, table, segmentTable, match.scale, shiftOf(match)];
  // In between is a mask, which would only be counted.
  const last = positionIds === null ? [] : [null, positionIds];
  for (const shape of match.shapeNodes) shape.setInput(0, node.output);
  substituteNormalizedSum(match, {
    opType: 'EmbedLayerNormalization',
    inputs: [ids, segmentIds, ...constants, ...last],
    sumOutput: 2,
    // ONNX Runtime 1.30 refuses it without the second, the count of the mask.
    leastOutputs: 2,
  });
  return null;
}

const INDICES = new Set(['int32', 'int64']);

function toInt32(graph: IrGraph, ids: IrValue | null, shapes: ShapeMap): IrValue | null {
  if (ids === null || shapes.of(ids).type === 'int32') return ids;
  const to = createAttribute('to', { int: elementTypeNumber('int32') });
  const name = `${ids.name}_int32`;
  const attributes = new Map([['to', to]]);
  return graph.addNode({ opType: 'Cast', name, inputs: [ids], attributes }).output;
}

/** The operator requires one. */
function shiftOf({ node, shift, size }: EmbedMatch): IrValue {
  const content = { type: 'float32', dims: [size], data: new Float32Array(size) };
  return shift ?? node.graph.addInitializer(`${node.output.name}_shift`, content);
}

/**
 * The table of the positions, with the row that a third one adds everywhere: one of the
 * positions, since it is the smaller table. Null where there is no such row.
 */
function withConstantRow({ node, positions, constantRow, size }: EmbedMatch): IrValue | null {
  const { table } = positions;
  if (constantRow === null) return table;
  const [rows = 0] = constantRow.table.constant?.dims ?? [];
  const data = table.constant === null ? null : readFloats(table.constant);
  const added = constantRow.table.constant === null ? null : readFloats(constantRow.table.constant);
  const row = constantRow.row < 0 ? constantRow.row + rows : constantRow.row;
  if (data === null || added === null || row < 0 || row >= rows) return null;
  const dims = table.constant?.dims ?? [];
  const start = row * size;
  const sums = data.map((value, index) => value + (added[start + (index % size)] ?? 0));
  const content = { type: 'float32', dims, data: sums };
  return node.graph.addInitializer(`${table.name}_with_type`, content);
}

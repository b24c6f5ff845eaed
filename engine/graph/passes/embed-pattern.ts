import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { ShapeMap } from '../shapes/value-shape.ts';
import { readFloats } from '../tensor-values.ts';
import { isCounted, readLookup, uniformInteger, type Lookup } from './index-pattern.ts';
import { isSameShape, type ShapeOf } from './known-shape.ts';
import { readNormalization, type NormalizationNode } from './normalization-node.ts';

/** A normalized sum of rows of tables: the embeddings that a transformer begins with. */
export interface EmbedMatch extends NormalizationNode {
  readonly node: IrNode;
  /** The Add that gives the sum. */
  readonly add: IrNode;
  /** By indices of [batch, length]. */
  readonly words: Lookup;
  readonly positions: Lookup;
  /** Whether the positions are 0, 1, 2, ... of every sample. */
  readonly isCounted: boolean;
  /** By indices of [batch, length]; null for none. */
  readonly segments: Lookup | null;
  /** The row of a third table that is added everywhere. */
  readonly constantRow: (Pick<Lookup, 'gather' | 'table'> & { readonly row: number }) | null;
  /** Shape nodes of what the words give: that of the result is the same. */
  readonly shapeNodes: readonly IrNode[];
}

/** A string says why a normalized sum of rows cannot be had as one; null: it is none. */
export function matchEmbed(
  node: IrNode,
  { shapes, shapeOf }: { readonly shapes: () => ShapeMap; readonly shapeOf: ShapeOf },
): EmbedMatch | string | null {
  const sum = node.inputs[0] ?? null;
  const found = sum === null ? null : lookupsOf(sum, node);
  if (sum === null || found === null) return null;
  const norm = readNormalization(node, shapeOf);
  if (typeof norm === 'string') return norm;
  const roles = rolesOf(found.lookups, { dims: shapeOf(sum), shapes: shapes(), shapeOf });
  if (typeof roles === 'string') return roles;
  const shapeNodes = otherUses(found, roles);
  return typeof shapeNodes === 'string'
    ? shapeNodes
    : { ...norm, ...roles, node, add: found.add, shapeNodes };
}

interface FoundLookups {
  readonly add: IrNode;
  readonly adds: ReadonlySet<IrNode>;
  readonly lookups: readonly Lookup[];
}

/** Two or three tables, the sums in any order. */
function lookupsOf(sum: IrValue, node: IrNode): FoundLookups | null {
  const add = sum.producer;
  if (add === null || !add.is('Add') || add.graph !== node.graph) return null;
  const inner = add.inputs.find((value) => value?.producer?.is('Add') === true)?.producer ?? null;
  const leaves = [...(inner?.inputs ?? []), ...add.inputs.filter((one) => one?.producer !== inner)];
  const lookups = leaves.map((value) => (value === null ? null : readLookup(value)));
  const known = lookups.filter((lookup) => lookup !== null);
  const isWhole = known.length === lookups.length && known.length === (inner === null ? 2 : 3);
  const isOwn = inner === null || inner.output.soleUser === add;
  const isHere = known.every(({ gather }) => gather.graph === node.graph);
  if (!isWhole || !isOwn || !isHere) return null;
  return { add, adds: new Set(inner === null ? [add] : [inner, add]), lookups: known };
}

type Roles = Pick<EmbedMatch, 'words' | 'positions' | 'isCounted' | 'segments' | 'constantRow'>;

interface Facts {
  /** Of the sum. */
  readonly dims: readonly Dim[] | null;
  readonly shapes: ShapeMap;
  readonly shapeOf: ShapeOf;
}

/** Which table is which: they are added alike, only their indices differ. */
function rolesOf(lookups: readonly Lookup[], facts: Facts): Roles | string {
  const { dims, shapes, shapeOf } = facts;
  if (dims?.length !== 3) return 'it is not known to have three axes';
  if (!lookups.every(({ table }) => isTable(table, dims[2] ?? null))) {
    return 'a table is not float32 of the size of the last axis';
  }
  const isFull = ({ ids }: Lookup): boolean => isSameShape(shapeOf(ids), dims.slice(0, 2));
  const isShared = ({ ids }: Lookup): boolean => isSameShape(shapeOf(ids), [1, dims[1] ?? null]);
  const constantRow = lookups.length < 3 ? null : readConstantRow(lookups);
  const rest = lookups.filter(({ gather }) => gather !== constantRow?.gather);
  const counted = rest.find(({ ids }) => isCounted(ids, dims[1] ?? null, shapes));
  const positions = counted ?? rest.find((one) => isShared(one)) ?? rest.at(-1);
  const [words, segments = null, ...more] = rest.filter((one) => one !== positions);
  if (words === undefined || positions === undefined || more.length > 0) return UNLIKE;
  const isShaped = counted !== undefined || isFull(positions) || isShared(positions);
  if (![words, segments ?? words].every(isFull) || !isShaped) return UNLIKE;
  return { words, positions, isCounted: counted !== undefined, segments, constantRow };
}

const UNLIKE = 'its indices are not known to have one shape';

/** The table of which the same row is added everywhere. */
function readConstantRow(lookups: readonly Lookup[]): EmbedMatch['constantRow'] {
  for (const { gather, table, ids } of lookups) {
    const row = uniformInteger(ids);
    if (row !== null) return { gather, table, row };
  }
  return null;
}

function isTable({ constant }: IrValue, columns: Dim): boolean {
  return constant !== null && readFloats(constant) !== null && constant.dims[1] === columns;
}

/**
 * What else looks at the rows of the words may be their shape alone, and only where no
 * index could have been computed from it: it is that of the result then.
 */
function otherUses({ adds, lookups }: FoundLookups, roles: Roles): readonly IrNode[] | string {
  const elsewhere = 'the rows of a table are used elsewhere too';
  const { words, positions, segments, isCounted: counts } = roles;
  const others = lookups.flatMap(({ gather }) =>
    [...gather.output.uses]
      .filter(({ node }) => !adds.has(node))
      .map(({ node }) => ({ gather, node })),
  );
  if (lookups.some(({ gather }) => gather.output.isOutput)) return elsewhere;
  const areShapes = others.every(({ gather, node }) => gather === words.gather && node.is('Shape'));
  if (!areShapes) return elsewhere;
  const indices = [segments?.ids, counts ? null : positions.ids];
  const isFed = indices.every((ids) => ids === null || ids === undefined || ids.producer === null);
  return others.length === 0 || isFed ? others.map(({ node }) => node) : elsewhere;
}

import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { isSameShape, type ShapeOf } from './known-shape.ts';
import { readNormalization, type NormalizationNode } from './normalization-node.ts';

/** A normalization of what an Add gives: the end of a residual connection. */
export interface SkipMatch extends NormalizationNode {
  readonly node: IrNode;
  readonly add: IrNode;
  /** Of the shape of the sum. */
  readonly input: IrValue;
  /** Of the same shape, or the same for every sample. */
  readonly skip: IrValue;
}

/** A string says why a normalization of a sum cannot be had as one; null: it is of no sum. */
export function matchSkip(node: IrNode, shapeOf: ShapeOf): SkipMatch | string | null {
  const add = node.inputs[0]?.producer ?? null;
  if (add === null || !add.is('Add') || add.inputs.some(isBias)) return null;
  if (add.graph !== node.graph) return 'the sum is of an outer graph';
  const norm = readNormalization(node, shapeOf);
  if (typeof norm === 'string') return norm;
  const dims = shapeOf(add.output);
  // ONNX Runtime 1.30 refuses other ranks.
  if (dims?.length !== 2 && dims?.length !== 3) return 'it is not known to have two or three axes';
  const [a = null, b = null] = add.inputs;
  const pair = pairOf(a, b, { dims, shapeOf }) ?? pairOf(b, a, { dims, shapeOf });
  if (pair === null) return 'the two summands are not known to have one shape';
  return { ...norm, ...pair, node, add };
}

/** What is left where the Add of a bias goes to a normalization alone. */
function isBias(value: IrValue | null): boolean {
  return value !== null && value.constant !== null && value.constant.dims.length < 2;
}

/** The skip may lack the batch of the input, or have one of 1: it is then added to every sample. */
function pairOf(
  input: IrValue | null,
  skip: IrValue | null,
  { dims, shapeOf }: { readonly dims: readonly Dim[]; readonly shapeOf: ShapeOf },
): Pick<SkipMatch, 'input' | 'skip'> | null {
  if (input === null || skip === null || !isSameShape(shapeOf(input), dims)) return null;
  const skipDims = shapeOf(skip);
  const isShared =
    dims.length === 3 &&
    (isSameShape(skipDims, dims.slice(1)) || isSameShape(skipDims, [1, ...dims.slice(1)]));
  return isShared || isSameShape(skipDims, dims) ? { input, skip } : null;
}

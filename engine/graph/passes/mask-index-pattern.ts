import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readIntegers } from '../tensor-values.ts';
import { broadcastAxes, sourceOf, type AxisMap, type ShapesOf } from './mask-axes.ts';

/** A number, or a dim of the model's inputs by name. */
type Size = number | string;

/**
 * Integers that follow from where they stand: `offset` plus, for each axis, its step
 * times the index along it. An axis of one element has step 0.
 */
export interface IndexSum {
  readonly steps: readonly Size[];
  readonly offset: Size;
}

/** Masks need a dozen nodes between a Range and a comparison; a deeper one is not read. */
const MAX_DEPTH = 32;

/** Reads what exporters compute of positions: Range, Unsqueeze, Add and Mul above all. */
export class IndexReader {
  readonly #shapesOf: ShapesOf;
  /** Shared parts are read once, so that reading is O(nodes). */
  readonly #known = new Map<IrValue, IndexSum | null>();
  #depth = 0;

  constructor(shapesOf: ShapesOf) {
    this.#shapesOf = shapesOf;
  }

  /** Null for anything else. */
  read(value: IrValue): IndexSum | null {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (this.#depth === MAX_DEPTH) return null;
    this.#depth += 1;
    const sum = this.#readAnew(value);
    this.#depth -= 1;
    this.#known.set(value, sum);
    return sum;
  }

  #readAnew(value: IrValue): IndexSum | null {
    const { dims, elements } = this.#shapesOf(value);
    if (dims === null) return null;
    const [only = null] = elements ?? [];
    if (elements?.length === 1 && only !== null) return { steps: dims.map(() => 0), offset: only };
    if (value.constant !== null) return fitConstant(value.constant);
    return value.producer === null ? null : this.#readNode(value.producer);
  }

  #readNode(node: IrNode): IndexSum | null {
    const source = sourceOf(node, this.#shapesOf);
    if (source !== null) {
      const sum = this.read(source.value);
      return sum === null ? null : moveSum(sum, source.axes);
    }
    if (node.is('Range')) return this.#readRange(node);
    const [a = null, b = null] = node.inputs;
    if (node.is('Cast') && a !== null) return this.#keepsNumbers(node) ? this.read(a) : null;
    const join = node.is('Add') ? addSums : node.is('Mul') ? multiplySums : null;
    if (join === null || a === null || b === null) return null;
    const [left, right] = [this.readFor(a, node.output), this.readFor(b, node.output)];
    return left === null || right === null ? null : join(left, right);
  }

  /** Positions are small: not only between integers, but as float32 they are exact. */
  #keepsNumbers(cast: IrNode): boolean {
    const [from, to] = [cast.inputs[0] ?? null, cast.output].map((value) => {
      return value === null ? null : this.#shapesOf(value).type;
    });
    const isInteger = (type: string | null | undefined): boolean =>
      type === 'int64' || type === 'int32';
    return isInteger(from) && (isInteger(to) || to === 'float32');
  }

  #readRange({ inputs: [start = null, , delta = null] }: IrNode): IndexSum | null {
    const [offset = null] = (start === null ? null : this.#shapesOf(start).elements) ?? [];
    const [step = null] = (delta === null ? null : this.#shapesOf(delta).elements) ?? [];
    return offset === null || step === null ? null : { steps: [step], offset };
  }

  /** An operand as it is repeated to the shape of a result. */
  readFor(operand: IrValue, result: IrValue): IndexSum | null {
    const axes = broadcastAxes(this.#shapesOf(operand).dims, this.#shapesOf(result).dims);
    const sum = axes === null ? null : this.read(operand);
    return sum === null || axes === null ? null : moveSum(sum, axes);
  }
}

export function moveSum({ steps, offset }: IndexSum, axes: AxisMap): IndexSum {
  return { steps: axes.map((axis) => (axis === null ? 0 : (steps[axis] ?? 0))), offset };
}

function addSums(a: IndexSum, b: IndexSum): IndexSum | null {
  const offset = add(a.offset, b.offset);
  const steps = a.steps.map((step, axis) => add(step, b.steps[axis] ?? 0));
  return offset === null || !areKnown(steps) ? null : { steps, offset };
}

/** A product with what is the same everywhere. */
function multiplySums(a: IndexSum, b: IndexSum): IndexSum | null {
  const [factor, sum] = isUniform(a) ? [a.offset, b] : [b.offset, a];
  if (!isUniform(a) && !isUniform(b)) return null;
  const offset = multiply(sum.offset, factor);
  const steps = sum.steps.map((step) => multiply(step, factor));
  return offset === null || !areKnown(steps) ? null : { steps, offset };
}

function isUniform({ steps }: IndexSum): boolean {
  return steps.every((step) => step === 0);
}

function areKnown(sizes: readonly (Size | null)[]): sizes is readonly Size[] {
  return !sizes.includes(null);
}

/** Sums and products of symbols are not needed: `index + S * batch` has none. */
function add(a: Size, b: Size): Size | null {
  if (a === 0) return b;
  if (b === 0) return a;
  return typeof a === 'number' && typeof b === 'number' ? a + b : null;
}

function multiply(a: Size, b: Size): Size | null {
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  return typeof a === 'number' && typeof b === 'number' ? a * b : null;
}

/** Such as positions that were counted when the model was exported. */
function fitConstant(tensor: OnnxTensor): IndexSum | null {
  const values = readIntegers(tensor);
  const [offset] = values ?? [];
  if (values === null || offset === undefined) return null;
  let stride = 1;
  const strides = tensor.dims.toReversed().map((dim) => (stride *= dim) / dim);
  strides.reverse();
  const steps = tensor.dims.map((dim, axis) => {
    return dim === 1 ? 0 : (values[strides[axis] ?? 0] ?? 0) - offset;
  });
  const fits = values.every((value, index) => {
    const terms = tensor.dims.map((dim, axis) => {
      return (steps[axis] ?? 0) * (Math.floor(index / (strides[axis] ?? 1)) % dim);
    });
    return value === terms.reduce((sum, term) => sum + term, offset);
  });
  return fits ? { steps, offset } : null;
}

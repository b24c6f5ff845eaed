import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Dim } from '../describe.ts';
import type { IrNode } from '../ir/ir.ts';
import type { DimAlgebra } from './dim-algebra.ts';
import { UNKNOWN, type ValueShape } from './value-shape.ts';

/**
 * Shapes of an operator's outputs from those of its inputs, by position; what is
 * missing is unknown. It describes the runs that succeed: what can only fail may
 * give anything, but nothing may throw.
 */
export type Inference = (op: Operator) => ValueShape | readonly ValueShape[];

/** Operators by name, of one domain. */
export type Inferences = Readonly<Record<string, Inference>>;

/** A node as an inference sees it. */
export class Operator {
  readonly node: IrNode;
  /** Version of the node's domain. */
  readonly opset: number;
  readonly algebra: DimAlgebra;
  readonly #inputs: readonly ValueShape[];

  constructor(
    node: IrNode,
    around: {
      readonly opset: number;
      readonly algebra: DimAlgebra;
      /** `UNKNOWN` where an input is left out. */
      readonly inputs: readonly ValueShape[];
    },
  ) {
    this.node = node;
    this.opset = around.opset;
    this.algebra = around.algebra;
    this.#inputs = around.inputs;
  }

  get inputs(): readonly ValueShape[] {
    return this.#inputs;
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? null) !== null;
  }

  input(index: number): ValueShape {
    return this.#inputs[index] ?? UNKNOWN;
  }

  type(index: number): string | null {
    return this.input(index).type;
  }

  dims(index: number): readonly Dim[] | null {
    return this.input(index).dims;
  }

  elements(index: number): readonly Dim[] | null {
    return this.input(index).elements;
  }

  /** An input of numbers, all of them known. */
  numbers(index: number): readonly number[] | null {
    return allNumbers(this.elements(index));
  }

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  ints(name: string): readonly number[] | null {
    return intsAttribute(this.node, name);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  text(name: string, fallback: string): string {
    return stringAttribute(this.node, name, fallback);
  }

  /**
   * Axes and the like, which moved from an attribute to an input in opset `since`.
   * `absent` when the node has neither, null when the input is not known.
   */
  numbersFrom(
    name: string,
    moved: { readonly since: number; readonly input: number },
  ): readonly number[] | 'absent' | null {
    if (this.opset < moved.since) return this.ints(name) ?? 'absent';
    return this.has(moved.input) ? this.numbers(moved.input) : 'absent';
  }
}

export function allNumbers(elements: readonly Dim[] | null): readonly number[] | null {
  if (elements === null) return null;
  return elements.every((element) => typeof element === 'number') ? elements : null;
}

/** Counted from the front; null where it is outside. */
export function normalizeAxis(axis: number, rank: number): number | null {
  const index = axis < 0 ? axis + rank : axis;
  return Number.isInteger(index) && index >= 0 && index < rank ? index : null;
}

/** The same for several; null when one is outside. */
export function normalizeAxes(axes: readonly number[], rank: number): readonly number[] | null {
  const indices = axes.map((axis) => normalizeAxis(axis, rank));
  return indices.every((index) => index !== null) ? indices : null;
}

/** A copy with the dim at `axis` replaced. */
export function withDim(dims: readonly Dim[], axis: number, dim: Dim): readonly Dim[] {
  return dims.map((old, index) => (index === axis ? dim : old));
}

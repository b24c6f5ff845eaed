import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readScalar } from '../tensor-values.ts';
import { readExponent } from './constant-operand.ts';

/** A polynomial of one value: its coefficients by degree, constant first. */
export interface ReadPolynomial {
  readonly coefficients: readonly number[];
  /** Nodes that compute it. */
  readonly nodes: readonly IrNode[];
  readonly constants: readonly OnnxTensor[];
}

/** Steps down from a value before it is something else. */
const MAX_STEPS = 24;
const MAX_DEGREE = 3;

/**
 * Reads what Add, Mul, Div and Pow with float32 constants make of `x`, in whatever
 * order an exporter wrote them. Null when anything else takes part, or a degree
 * above 3.
 */
export function readPolynomial(value: IrValue, x: IrValue): ReadPolynomial | null {
  const reader = new PolynomialReader(x);
  const coefficients = reader.read(value);
  if (coefficients === null) return null;
  return { coefficients, nodes: reader.nodes, constants: reader.constants };
}

type Coefficients = readonly number[];

class PolynomialReader {
  readonly nodes: IrNode[] = [];
  readonly constants: OnnxTensor[] = [];
  readonly #x: IrValue;
  #steps = 0;

  constructor(x: IrValue) {
    this.#x = x;
  }

  read(value: IrValue | null | undefined): Coefficients | null {
    this.#steps += 1;
    if (value === null || value === undefined || this.#steps > MAX_STEPS) return null;
    if (value === this.#x) return [0, 1];
    if (value.constant !== null) {
      const scalar = readScalar(value.constant);
      this.constants.push(value.constant);
      return scalar === null ? null : [scalar];
    }
    return value.producer === null ? null : this.#readNode(value.producer);
  }

  #readNode(node: IrNode): Coefficients | null {
    if (!node.is(node.opType)) return null;
    this.nodes.push(node);
    const [a, b] = node.inputs;
    if (node.opType === 'Pow') return this.#readPower(a, b?.constant ?? null);
    const read = OPERATIONS.get(node.opType);
    if (read === undefined) return null;
    const left = this.read(a);
    const right = left === null ? null : this.read(b);
    return left === null || right === null ? null : read(left, right);
  }

  #readPower(base: IrValue | null | undefined, exponent: OnnxTensor | null): Coefficients | null {
    const power = exponent === null ? null : readExponent(exponent);
    if (exponent === null || (power !== 2 && power !== 3)) return null;
    this.constants.push(exponent);
    const one = this.read(base);
    const two = one === null ? null : multiply(one, one);
    if (one === null || two === null || power === 2) return two;
    return multiply(two, one);
  }
}

const OPERATIONS: ReadonlyMap<string, (a: Coefficients, b: Coefficients) => Coefficients | null> =
  new Map([
    ['Add', add],
    ['Mul', multiply],
    ['Div', divide],
  ]);

function add(a: Coefficients, b: Coefficients): Coefficients {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, degree) => {
    return (a[degree] ?? 0) + (b[degree] ?? 0);
  });
}

function multiply(a: Coefficients, b: Coefficients): Coefficients | null {
  const degree = a.length + b.length - 2;
  if (degree > MAX_DEGREE) return null;
  const product = Array.from({ length: degree + 1 }, () => 0);
  for (const [i, left] of a.entries()) {
    for (const [j, right] of b.entries()) product[i + j] = (product[i + j] ?? 0) + left * right;
  }
  return product;
}

/** By a number. */
function divide(a: Coefficients, [divisor, ...more]: Coefficients): Coefficients | null {
  if (divisor === undefined || divisor === 0 || more.length > 0) return null;
  return a.map((coefficient) => coefficient / divisor);
}

import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readScalar } from '../tensor-values.ts';
import { constantOperand, keepShape } from './constant-operand.ts';
import type { ShapeOf } from './known-shape.ts';
import { readPolynomial } from './polynomial.ts';
import { isSelfContained } from './substitute.ts';

/** `last` computes Gelu of `x`. */
export interface GeluMatch {
  readonly x: IrValue;
  readonly last: IrNode;
  readonly approximate: 'none' | 'tanh';
}

/** What Erf and Tanh are taken of, by degree of x. Source: ONNX Gelu-20; Hendrycks and Gimpel 2016. */
const ARGUMENTS = new Map([
  ['Erf', { approximate: 'none', coefficients: [0, Math.SQRT1_2] }],
  [
    'Tanh',
    {
      approximate: 'tanh',
      coefficients: [0, Math.sqrt(2 / Math.PI), 0, Math.sqrt(2 / Math.PI) * 0.044_715],
    },
  ],
] as const);

/**
 * Looks for `0.5 x (1 + erf(x / sqrt 2))` and `0.5 x (1 + tanh(sqrt(2 / pi) (x +
 * 0.044715 x^3)))` around an Erf or Tanh, the factors in any order. A string says
 * why something that looks like it is none; null: it does not look like it.
 */
export function matchGelu(start: IrNode, shapeOf: ShapeOf): GeluMatch | string | null {
  const form = ARGUMENTS.get(start.opType as 'Erf' | 'Tanh');
  const argument = start.inputs[0] ?? null;
  if (form === undefined || argument === null || !start.is(start.opType)) return null;
  const product = Product.startingAt(start);
  while (product?.climb() === true) {
    const outcome = completes(product, { argument, ...form });
    if (outcome === null) continue;
    if (typeof outcome === 'string') return outcome;
    const { x, nodes, constants } = outcome;
    const all = new Set([start, ...product.nodes, ...nodes]);
    if (!isSelfContained(all, product.last)) return 'a part of it is used elsewhere too';
    if (!keepShape([...product.constants, ...constants], x, shapeOf)) {
      return 'a constant may add an axis to the result';
    }
    return { x, last: product.last, approximate: form.approximate };
  }
  return null;
}

/** `coefficient * other * (1 + f)`, as far as it was climbed. */
class Product {
  readonly nodes: IrNode[];
  readonly constants: OnnxTensor[] = [];
  last: IrNode;
  coefficient = 1;
  /** The factor that is not constant. */
  other: IrValue | null = null;

  /** Null unless one is added to what `start` gives. */
  static startingAt(start: IrNode): Product | null {
    const sum = nextNode(start.output);
    const operand = sum === null || !sum.is('Add') ? null : constantOperand(sum);
    if (sum === null || operand === null || readScalar(operand.constant) !== 1) return null;
    return new Product(sum, operand.constant);
  }

  private constructor(sum: IrNode, one: OnnxTensor) {
    this.last = sum;
    this.nodes = [sum];
    this.constants.push(one);
  }

  /** Takes in the next Mul or Div; false when there is none that fits. */
  climb(): boolean {
    const from = this.last.output;
    const node = nextNode(from);
    if (node === null || (!node.is('Mul') && !node.is('Div'))) return false;
    const operand = constantOperand(node);
    if (operand === null) {
      const [a = null, b = null] = node.inputs;
      if (node.is('Div') || a === b || this.other !== null) return false;
      this.other = a === from ? b : a;
    } else {
      const scalar = readScalar(operand.constant);
      if (scalar === null || (node.is('Div') && operand.index === 0)) return false;
      this.coefficient = node.is('Div') ? this.coefficient / scalar : this.coefficient * scalar;
      this.constants.push(operand.constant);
    }
    this.nodes.push(node);
    this.last = node;
    return true;
  }
}

/** The only node that goes on computing with a value; others may look at it. */
function nextNode(value: IrValue): IrNode | null {
  const nodes = new Set([...value.uses].map((use) => use.node).filter(isArithmetic));
  const [node = null] = nodes;
  return nodes.size === 1 ? node : null;
}

function isArithmetic(node: IrNode): boolean {
  return node.is('Add') || node.is('Mul') || node.is('Div');
}

interface Completion {
  readonly x: IrValue;
  readonly nodes: readonly IrNode[];
  readonly constants: readonly OnnxTensor[];
}

/** The `x` that makes it whole; null while factors are missing. */
function completes(
  product: Product,
  wanted: { readonly argument: IrValue; readonly coefficients: readonly number[] },
): Completion | string | null {
  let isOther = false;
  let isMissing = false;
  for (const { x, factor, nodes, constants } of candidates(product.other)) {
    const polynomial = readPolynomial(wanted.argument, x);
    if (polynomial === null) continue;
    if (!areClose(polynomial.coefficients, wanted.coefficients)) {
      isOther = true;
    } else if (areClose([product.coefficient * factor], [0.5])) {
      return {
        x,
        nodes: [...nodes, ...polynomial.nodes],
        constants: [...constants, ...polynomial.constants],
      };
    } else {
      isMissing = true;
    }
  }
  return isOther && !isMissing ? 'its constants are not those of Gelu' : null;
}

/** A factor may be x, or x times a number. */
function* candidates(other: IrValue | null): Generator<Completion & { readonly factor: number }> {
  if (other === null) return;
  yield { x: other, factor: 1, nodes: [], constants: [] };
  const node = other.producer;
  const operand =
    node !== null && (node.is('Mul') || node.is('Div')) ? constantOperand(node) : null;
  const scalar = operand === null ? null : readScalar(operand.constant);
  if (node === null || operand === null || scalar === null) return;
  const rest = { x: operand.other, nodes: [node], constants: [operand.constant] };
  if (node.is('Mul')) yield { ...rest, factor: scalar };
  else if (operand.index === 1) yield { ...rest, factor: 1 / scalar };
}

/** To the rounding of float32 constants and their products. */
function areClose(actual: readonly number[], wanted: readonly number[]): boolean {
  return (
    actual.length === wanted.length &&
    actual.every((value, index) => {
      const target = wanted[index] ?? 0;
      return Math.abs(value - target) <= 1e-6 * Math.abs(target);
    })
  );
}

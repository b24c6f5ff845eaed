import type { Dim } from '../describe.ts';
import type { DimAlgebra } from './dim-algebra.ts';

/**
 * Arithmetic of single elements, exactly as the runtime does it: int64 and int32
 * that do not overflow, with symbols; float32 rounded after each operation (adding,
 * multiplying, dividing two float32 in double precision and rounding once is exact).
 * Null for everything else.
 */
export interface ElementContext {
  /** Element type of the operands. */
  readonly type: string | null;
  readonly algebra: DimAlgebra;
}

type Combine<Element> = (a: Element, b: Element, algebra: DimAlgebra) => Dim;

export function combineElements(opType: string, a: Dim, b: Dim, context: ElementContext): Dim {
  const { type, algebra } = context;
  if (type === 'float32') {
    const combine = FLOAT_OPERATORS[opType];
    if (combine === undefined || typeof a !== 'number' || typeof b !== 'number') return null;
    return Math.fround(combine(a, b));
  }
  if (type === 'bool') return BOOL_OPERATORS[opType]?.(a, b, algebra) ?? null;
  if (type !== 'int64' && type !== 'int32') return null;
  return inRange(INT_OPERATORS[opType]?.(a, b, algebra) ?? null, type);
}

const FLOAT_OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Min: Math.min,
  Max: Math.max,
};

const INT_OPERATORS: Readonly<Record<string, Combine<Dim>>> = {
  Add: (a, b, algebra) => algebra.add(a, b),
  Sub: (a, b, algebra) => algebra.subtract(a, b),
  Mul: (a, b, algebra) => algebra.multiply(a, b),
  Div: (a, b, algebra) => algebra.divide(a, b),
  Mod: (a, b) => modulo(a, b),
  Min: (a, b, algebra) => algebra.minimum(a, b),
  Max: (a, b, algebra) => maximum(a, b, algebra),
};

const BOOL_OPERATORS: Readonly<Record<string, Combine<Dim>>> = {
  And: (a, b) => (a === 0 || b === 0 ? 0 : a === 1 && b === 1 ? 1 : null),
  Or: (a, b) => (a === 1 || b === 1 ? 1 : a === 0 && b === 0 ? 0 : null),
};

/** With the sign of the divisor, as Mod without `fmod` gives it. */
function modulo(a: Dim, b: Dim): Dim {
  if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return null;
  const rest = (((a % b) + b) % b) + 0;
  return Number.isSafeInteger(rest) ? rest : null;
}

function maximum(a: Dim, b: Dim, algebra: DimAlgebra): Dim {
  if (algebra.isNonNegative(algebra.subtract(a, b))) return a;
  return algebra.isNonNegative(algebra.subtract(b, a)) ? b : null;
}

/** 1 or 0 where the comparison has the same result for every input. */
export function compareElements(opType: string, a: Dim, b: Dim, context: ElementContext): Dim {
  const { type, algebra } = context;
  const isInteger = type === 'int64' || type === 'int32';
  if (!isInteger && (typeof a !== 'number' || typeof b !== 'number')) return null;
  if (Number.isNaN(a) || Number.isNaN(b)) return null;
  const sign = isInteger ? algebra.sign(algebra.subtract(a, b)) : Math.sign(Number(a) - Number(b));
  if (sign === null || Number.isNaN(sign)) return null;
  return COMPARISONS[opType]?.(sign) === true ? 1 : 0;
}

const COMPARISONS: Readonly<Record<string, (sign: number) => boolean>> = {
  Equal: (sign) => sign === 0,
  Greater: (sign) => sign > 0,
  GreaterOrEqual: (sign) => sign >= 0,
  Less: (sign) => sign < 0,
  LessOrEqual: (sign) => sign <= 0,
};

export function mapElement(opType: string, a: Dim, { type, algebra }: ElementContext): Dim {
  if (type === 'int64' || type === 'int32') {
    if (opType === 'Neg') return inRange(algebra.subtract(0, a), type);
    if (opType === 'Abs' && typeof a === 'number') return inRange(Math.abs(a), type);
    return opType === 'Abs' && algebra.isNonNegative(a) ? a : null;
  }
  if (typeof a !== 'number') return null;
  if (type === 'bool') return opType === 'Not' ? 1 - a : null;
  const map = type === 'float32' ? FLOAT_FUNCTIONS[opType] : undefined;
  return map === undefined ? null : Math.fround(map(a));
}

const FLOAT_FUNCTIONS: Readonly<Record<string, (a: number) => number>> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
};

/** A symbol is a dim, which fits every type that it is cast to in shape arithmetic but float. */
export function castElement(element: Dim, from: string | null, to: string | null): Dim {
  const isFromInteger = from === 'int64' || from === 'int32';
  if (isFromInteger && (to === 'int64' || to === 'int32')) return inRange(element, to);
  if (typeof element !== 'number') return null;
  if (to === 'bool' && (isFromInteger || from === 'bool')) return element === 0 ? 0 : 1;
  if (!isFromInteger && from !== 'float32' && from !== 'bool') return null;
  if (to === 'float32') return Number.isFinite(element) ? Math.fround(element) : null;
  return to === 'int64' || to === 'int32' ? inRange(Math.trunc(element), to) : null;
}

function inRange(element: Dim, type: 'int64' | 'int32'): Dim {
  if (typeof element !== 'number') return element;
  if (!Number.isSafeInteger(element)) return null;
  const fits = type === 'int64' || (element >= -(2 ** 31) && element < 2 ** 31);
  return fits ? element + 0 : null;
}

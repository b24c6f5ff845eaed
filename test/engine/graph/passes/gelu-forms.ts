import type { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { weights } from './check-pass.ts';

/** Writes nodes by hand and remembers scalars, for forms of Gelu as exporters write them. */
export class FormWriter {
  readonly builder: ModelBuilder;
  /** Axes of the scalars. */
  readonly #dims: readonly number[];
  #count = 0;

  constructor(builder: ModelBuilder, dims: readonly number[] = []) {
    this.builder = builder;
    this.#dims = dims;
  }

  scalar(value: number): string {
    this.#count += 1;
    const data = Float32Array.of(value);
    return this.builder.initializer(`k${this.#count}`, { type: 'float32', dims: this.#dims, data });
  }

  mul(a: string, b: string | number): string {
    return this.builder.node('Mul', [a, typeof b === 'number' ? this.scalar(b) : b]);
  }

  div(a: string, b: number): string {
    return this.builder.node('Div', [a, this.scalar(b)]);
  }

  add(a: string, b: string | number): string {
    return this.builder.node('Add', [a, typeof b === 'number' ? this.scalar(b) : b]);
  }

  onePlus(opType: 'Erf' | 'Tanh', argument: string): string {
    return this.add(this.builder.node(opType, [argument]), 1);
  }

  pow(a: string, exponent: number): string {
    return this.builder.node('Pow', [a, this.scalar(exponent)]);
  }
}

export type Form = (w: FormWriter, x: string) => string;

const SQRT2 = Math.SQRT2;
const ROOT = Math.sqrt(2 / Math.PI);

export const ERF_FORMS: readonly (readonly [string, Form])[] = [
  [
    'torch: x (1 + erf(x / sqrt 2)) times 0.5',
    (w, x) => w.mul(w.mul(x, w.onePlus('Erf', w.div(x, SQRT2))), 0.5),
  ],
  ['x / 2 first', (w, x) => w.mul(w.div(x, 2), w.onePlus('Erf', w.mul(x, Math.SQRT1_2)))],
  ['0.5 x first', (w, x) => w.mul(w.mul(x, 0.5), w.onePlus('Erf', w.div(x, SQRT2)))],
  ['0.5 (1 + erf) first', (w, x) => w.mul(w.mul(w.onePlus('Erf', w.div(x, SQRT2)), 0.5), x)],
  ['(1 + erf) / 2', (w, x) => w.mul(x, w.div(w.onePlus('Erf', w.div(x, SQRT2)), 2))],
  [
    'divided by two at the end',
    (w, x) => w.div(w.mul(w.onePlus('Erf', w.mul(x, Math.SQRT1_2)), x), 2),
  ],
];

export const TANH_FORMS: readonly (readonly [string, Form])[] = [
  [
    'x^3 by Pow',
    (w, x) => {
      const inner = w.mul(w.add(x, w.mul(w.pow(x, 3), 0.044_715)), ROOT);
      return w.mul(w.mul(x, 0.5), w.onePlus('Tanh', inner));
    },
  ],
  [
    'x^3 by Mul',
    (w, x) => {
      const inner = w.mul(w.add(x, w.mul(w.mul(w.mul(x, x), x), 0.044_715)), ROOT);
      return w.mul(w.mul(x, w.onePlus('Tanh', inner)), 0.5);
    },
  ],
  [
    'x times 1 + 0.044715 x x',
    (w, x) => {
      const inner = w.mul(w.mul(x, ROOT), w.add(w.mul(w.mul(x, 0.044_715), x), 1));
      return w.mul(x, w.mul(w.onePlus('Tanh', inner), 0.5));
    },
  ],
];

/** What looks like Gelu and is not. */
export const NEAR_MISSES: readonly (readonly [string, Form])[] = [
  ['another divisor', (w, x) => w.mul(w.mul(x, w.onePlus('Erf', w.div(x, 1.4))), 0.5)],
  ['another factor', (w, x) => w.mul(w.mul(x, w.onePlus('Erf', w.div(x, SQRT2))), 0.6)],
  ['no half', (w, x) => w.mul(x, w.onePlus('Erf', w.div(x, SQRT2)))],
  ['two added', (w, x) => w.mul(w.mul(x, w.add(w.builder.node('Erf', [w.div(x, SQRT2)]), 2)), 0.5)],
  [
    'another value outside',
    (w, x) => w.mul(w.mul(w.builder.node('Neg', [x]), w.onePlus('Erf', w.div(x, SQRT2))), 0.5),
  ],
  [
    'x squared in the tanh',
    (w, x) =>
      w.mul(w.mul(x, 0.5), w.onePlus('Tanh', w.mul(w.add(x, w.mul(w.pow(x, 2), 0.044_715)), ROOT))),
  ],
  [
    'a weight that is no scalar',
    (w, x) =>
      w.mul(
        w.mul(x, w.onePlus('Erf', w.div(x, SQRT2))),
        w.builder.initializer('half', weights([4])),
      ),
  ],
];

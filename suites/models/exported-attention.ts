import type { TransformerWriter } from './transformer-writer.ts';

/** How attention is written. */
export interface AttentionForm {
  readonly width: number;
  readonly heads: number;
  /** Null where the caller chooses it. */
  readonly length: number | null;
  /** By hand, or as scaled_dot_product_attention is exported. */
  readonly attention: 'eager' | 'scaled-dot-product';
}

/** Dims that are not known before it runs. */
const BATCH = 'batch' as const;
const LENGTH = 'length' as const;
type TargetDim = number | typeof BATCH | typeof LENGTH;

/** The largest float32, which eager attention takes for infinity. */
const LARGEST = 3.402_823_466_385_288_6e38;

/** Writes the attention of a BERT (Devlin et al. 2018) as a Python exporter does. */
export class AttentionWriter {
  readonly #writer: TransformerWriter;
  readonly #form: AttentionForm;
  /** Batch and length where the length is free. */
  readonly #sizes: readonly [string, string] | null;
  readonly #mask: string | null;

  /** `hidden`: the first hidden states; `mask`: [N, length], int64, null where all tokens count. */
  constructor(
    writer: TransformerWriter,
    form: AttentionForm,
    { hidden, mask }: { readonly hidden: string; readonly mask: string | null },
  ) {
    this.#writer = writer;
    this.#form = form;
    this.#sizes = form.length === null ? this.#measure(hidden) : null;
    this.#mask = mask === null ? null : this.#readMask(mask);
  }

  /** Hidden states [N, length, width] to such, before the last projection. */
  attend(hidden: string, name: string): string {
    const { width, heads } = this.#form;
    const part = (role: string, perm: readonly number[]): string => {
      const projected = this.#writer.linear(hidden, `${name}/${role}`, [width, width]);
      const dims = [BATCH, this.#length, heads, width / heads];
      const split = this.#reshape(projected, `${name}/${role}`, dims);
      return this.#writer.node('Transpose', [split], { perm: { ints: perm } });
    };
    const query = part('query', [0, 2, 1, 3]);
    const key = part('key', [0, 2, 3, 1]);
    const value = part('value', [0, 2, 1, 3]);
    const scores = this.#masked(this.#scores(query, key, name));
    const shares = this.#writer.node('Softmax', [scores], { axis: { int: -1 } });
    const mixed = this.#writer.node('MatMul', [this.#guarded(shares), value]);
    const back = this.#writer.node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } });
    return this.#reshape(back, name, [BATCH, this.#length, width]);
  }

  get #length(): TargetDim {
    return this.#form.length ?? LENGTH;
  }

  /** Every Reshape needs them then. */
  #measure(hidden: string): readonly [string, string] {
    const shape = this.#writer.node('Shape', [hidden]);
    const dim = (axis: number): string => {
      const index = this.#writer.integers(`axis/${axis}`, [axis], []);
      return this.#writer.node('Gather', [shape, index]);
    };
    return [dim(0), dim(1)];
  }

  /** Whether a score counts, [N, 1, length, length]; for eager attention what is added to it. */
  #readMask(mask: string): string {
    const isToken = this.#writer.node('Cast', [mask], { to: { int: 9 } });
    const axes = this.#writer.integers('mask/axes', [1, 2]);
    const rows = this.#writer.node('Unsqueeze', [isToken, axes]);
    if (this.#form.attention === 'eager') return this.#choose(rows, -LARGEST);
    const { length } = this.#form;
    // A 1 leaves the batch as it is.
    const dims = length === null ? [BATCH, 1, LENGTH, LENGTH] : [1, 1, length, length];
    return this.#writer.node('Expand', [rows, this.#target('mask', dims)]);
  }

  /** What is added to the scores: 0 where they count. */
  #choose(condition: string, otherwise: number): string {
    const counts = this.#writer.scalar('mask/token', 0);
    const padding = this.#writer.scalar('mask/padding', otherwise);
    return this.#writer.node('Where', [condition, counts, padding]);
  }

  /** Divided by the root of the size of a head: at once, or both sides by half of it. */
  #scores(query: string, key: string, name: string): string {
    const size = this.#form.width / this.#form.heads;
    if (this.#form.attention === 'eager') {
      const scale = this.#writer.scalar(`${name}/scale`, Math.sqrt(size));
      return this.#writer.node('Div', [this.#writer.node('MatMul', [query, key]), scale]);
    }
    const scale = this.#writer.scalar('attention/scale', size ** -0.25);
    const sides = [query, key].map((side) => this.#writer.node('Mul', [side, scale]));
    return this.#writer.node('MatMul', sides);
  }

  #masked(scores: string): string {
    if (this.#mask === null) return scores;
    const isEager = this.#form.attention === 'eager';
    const added = isEager ? this.#mask : this.#choose(this.#mask, -Infinity);
    return this.#writer.node('Add', [scores, added]);
  }

  /** Where every token is masked the softmax gives NaN, and the attention zeros. */
  #guarded(shares: string): string {
    if (this.#form.attention === 'eager' || this.#mask === null) return shares;
    const isNaN = this.#writer.node('IsNaN', [shares]);
    return this.#writer.node('Where', [isNaN, this.#writer.scalar('attention/zero', 0), shares]);
  }

  #reshape(input: string, name: string, dims: readonly TargetDim[]): string {
    return this.#writer.node('Reshape', [input, this.#target(name, dims)]);
  }

  /** Constant where the length is fixed, the batch copied; else joined by nodes, each time anew. */
  #target(name: string, dims: readonly TargetDim[]): string {
    const sizes = this.#sizes;
    if (sizes === null) {
      const fixed = dims.map((dim) => (typeof dim === 'number' ? dim : 0));
      return this.#writer.integers(`${name}.shape.${dims.length}`, fixed);
    }
    const zero = this.#writer.integers(`${name}.axis.${dims.length}`, [0]);
    const parts = dims.map((dim, index) =>
      typeof dim === 'number'
        ? this.#writer.integers(`${name}.${dims.length}.${index}`, [dim])
        : this.#writer.node('Unsqueeze', [sizes[dim === BATCH ? 0 : 1], zero]),
    );
    return this.#writer.node('Concat', parts, { axis: { int: 0 } });
  }
}

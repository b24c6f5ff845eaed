import type { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, weights } from './check-pass.ts';
import { INPUT, TokenWriter } from './token-writer.ts';

const SIZE = 4;

/** What a mask makes of the scores `[N, heads, S, S]`. */
export type MaskForm = (writer: TokenWriter, scores: string) => string;

/** How an exporter wrote self-attention of `x`, `[N, S, 6]`, with heads of four. */
export interface AttentionForm {
  readonly projection?: 'MatMul' | 'MatMul and Add' | 'Gemm' | 'Split' | 'Split of a Gemm';
  /** What is multiplied, by 0.5 in all unless `factor` says otherwise. */
  readonly scaled?: 'scores' | 'scores by Div' | 'queries' | 'queries before heads' | 'both';
  readonly factor?: number;
  readonly keys?:
    'transposed at once' | 'transposed twice' | 'transposed as matrices' | 'as they are';
  readonly masks?: readonly MaskForm[];
  readonly isGuarded?: boolean;
  readonly joined?: 'at the end' | 'as a matrix' | 'without a Transpose';
  /** Two unless given. */
  readonly heads?: number;
  /** Elements of each head's values. */
  readonly valueSize?: number;
  /** The second input of keys and values, of `x` unless given. */
  readonly other?: string;
  /** The last unless given; null: the attribute is left out. */
  readonly softmaxAxis?: number | null;
  /** Fixes `N`. */
  readonly batch?: number;
  /** Fixes `S`. */
  readonly length?: number;
  /** An operator whose first result is a graph output too. */
  readonly exposed?: string;
  readonly opset?: number;
}

export function attentionModel(form: AttentionForm): OnnxModel {
  const writer = new AttentionWriter(form);
  writer.builder.output(writer.attention(), 'float32', null);
  const { nodes } = writer.builder.buildGraph();
  const exposed = nodes.find(({ opType }) => opType === form.exposed)?.outputs[0];
  if (exposed !== undefined) writer.builder.output(exposed, 'float32', null);
  return writer.builder.build();
}

/** `x`, and a mask: the last tokens of each sample but the first padded away; all of the last one's. */
export function attentionFeeds(batch: number, length: number): Tensors {
  const data = BigInt64Array.from({ length: batch * length }, (_, index) => {
    const [sample, token] = [Math.floor(index / length), index % length];
    const kept = batch === 1 ? length : Math.ceil(length * (1 - sample / (batch - 1)));
    return token < kept ? 1n : 0n;
  });
  return {
    x: normal([batch, length, INPUT]),
    mask: { type: 'int64', dims: [batch, length], data },
  };
}

export class AttentionWriter extends TokenWriter {
  readonly #form: AttentionForm;
  readonly #heads: number;

  constructor(form: AttentionForm, builder?: ModelBuilder) {
    const { opset = 17, batch = 'N', length = 'S' } = form;
    super(builder ?? { opset, batch, length });
    this.#form = form;
    this.#heads = form.heads ?? 2;
    if (form.other !== undefined) this.builder.input(form.other, 'float32', ['N', 'T', INPUT]);
  }

  attention(): string {
    const { valueSize = SIZE, isGuarded = false, softmaxAxis = -1 } = this.#form;
    const [queries, keys, values] = this.#projected(valueSize);
    const scores = this.#scores(queries, keys);
    let weighted = this.node(
      'Softmax',
      [scores],
      softmaxAxis === null ? {} : { axis: { int: softmaxAxis } },
    );
    if (isGuarded) {
      const isNaN = this.node('IsNaN', [weighted]);
      weighted = this.node('Where', [isNaN, this.number(0), weighted]);
    }
    const split = this.split(values, valueSize, [0, 2, 1, 3]);
    return this.#join(this.node('MatMul', [weighted, split]), valueSize);
  }

  #projected(valueSize: number): [string, string, string] {
    const { projection = 'MatMul', other = 'x' } = this.#form;
    const hidden = this.#heads * SIZE;
    if (projection.startsWith('Split')) {
      const all = this.#linear(
        'x',
        3 * hidden,
        projection === 'Split' ? 'MatMul and Add' : 'Gemm',
        7,
      );
      const outputs = ['q', 'k', 'v'].map((name) => this.fresh(name));
      this.builder.node('Split', [all, this.ints(hidden, hidden, hidden)], {
        outputs,
        attributes: { axis: { int: 2 } },
      });
      return outputs as [string, string, string];
    }
    return [
      this.#linear('x', hidden, projection, 3),
      // As in Whisper, whose keys have no bias.
      this.#linear(other, hidden, projection === 'Gemm' ? 'Gemm' : 'MatMul', 4),
      this.#linear(other, this.#heads * valueSize, projection, 5),
    ];
  }

  #linear(input: string, columns: number, projection: string, seed: number): string {
    if (projection === 'Gemm') return this.#gemm(input, columns, seed);
    const weight = this.builder.initializer(this.fresh('w'), weights([INPUT, columns], seed));
    const product = this.node('MatMul', [input, weight]);
    if (projection === 'MatMul') return product;
    const bias = this.builder.initializer(this.fresh('b'), weights([columns], seed + 10));
    return this.node('Add', [bias, product]);
  }

  #gemm(input: string, columns: number, seed: number): string {
    const weight = this.builder.initializer(this.fresh('w'), weights([columns, INPUT], seed));
    const bias = this.builder.initializer(this.fresh('b'), weights([columns], seed + 10));
    const rows = this.node('Reshape', [input, this.ints(-1, INPUT)]);
    const product = this.node('Gemm', [rows, weight, bias], {
      transB: { int: 1 },
      alpha: { float: 0.75 },
    });
    const [batch, length] = [0, 1].map((axis) =>
      this.node('Unsqueeze', [this.dim(axis), this.ints(0)]),
    );
    const target = this.node('Concat', [batch ?? '', length ?? '', this.ints(columns)], {
      axis: { int: 0 },
    });
    return this.node('Reshape', [product, target]);
  }

  split(joined: string, size: number, perm: number[]): string {
    const apart = this.node('Reshape', [joined, this.ints(0, -1, this.#heads, size)]);
    return this.node('Transpose', [apart], { perm: { ints: perm } });
  }

  #scores(queries: string, keys: string): string {
    const { scaled = 'scores', factor = 0.5, masks = [] } = this.#form;
    const by = (value: string, number: number): string =>
      this.node('Mul', [value, this.number(number)]);
    const before = scaled === 'queries before heads' ? by(queries, factor) : queries;
    let left = this.split(before, SIZE, [0, 2, 1, 3]);
    let right = this.#transposedKeys(keys);
    if (scaled === 'queries') left = by(left, factor);
    if (scaled === 'both')
      [left, right] = [by(left, Math.sqrt(factor)), by(right, Math.sqrt(factor))];
    let scores = this.node('MatMul', [left, right]);
    if (scaled === 'scores') scores = by(scores, factor);
    if (scaled === 'scores by Div') scores = this.node('Div', [scores, this.number(1 / factor)]);
    return masks.reduce((value, mask) => mask(this, value), scores);
  }

  #transposedKeys(keys: string): string {
    const { keys: form = 'transposed at once' } = this.#form;
    if (form === 'transposed at once') return this.split(keys, SIZE, [0, 2, 3, 1]);
    const byHead = this.split(keys, SIZE, [0, 2, 1, 3]);
    if (form === 'as they are') return byHead;
    if (form === 'transposed twice')
      return this.node('Transpose', [byHead], { perm: { ints: [0, 1, 3, 2] } });
    const shape = this.node('Shape', [byHead]);
    const [front, length] = [
      [0, 2],
      [2, 3],
    ].map(([from = 0, to = 0]) => this.node('Slice', [shape, this.ints(from), this.ints(to)]));
    const matrices = this.node('Concat', [this.ints(-1), length ?? '', this.ints(SIZE)], {
      axis: { int: 0 },
    });
    const flat = this.node('Reshape', [byHead, matrices]);
    const turned = this.node('Transpose', [flat], { perm: { ints: [0, 2, 1] } });
    const target = this.node('Concat', [front ?? '', this.ints(SIZE), length ?? ''], {
      axis: { int: 0 },
    });
    return this.node('Reshape', [turned, target]);
  }

  #join(weighted: string, size: number): string {
    const { joined = 'at the end' } = this.#form;
    if (joined === 'without a Transpose') {
      return this.node('Reshape', [weighted, this.ints(0, -1, this.#heads * size)]);
    }
    const apart = this.node('Transpose', [weighted], { perm: { ints: [0, 2, 1, 3] } });
    const target =
      joined === 'as a matrix' ? this.ints(-1, this.#heads * size) : this.ints(0, 0, -1);
    return this.node('Reshape', [apart, target]);
  }
}

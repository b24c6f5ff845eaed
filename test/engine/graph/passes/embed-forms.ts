import { createRandom } from '../../../../engine/base/random.ts';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { createTensor } from '../../../../engine/graph/create-tensor.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, weights } from './check-pass.ts';

/** Embeddings of 8 entries: 50 words, 16 positions, 3 token types. */
export interface EmbedForm {
  readonly type?: 'int64' | 'int32';
  /** Of the ids as the model declares them. */
  readonly declared?: readonly Dim[] | null;
  /**
   * How the positions come: a constant cut to the length, a Range, one after the other
   * constant but not counting, fed for each sample, fed for all.
   */
  readonly positions?:
    'Slice' | 'Range' | 'Range from 2' | 'reversed' | 'fed' | 'fed for all' | 'none';
  /** The length is that of the ids, or of the rows of the words as distilbert takes it. */
  readonly lengthOf?: 'ids' | 'words';
  /** Token types: none, fed, filled in with zeros, or from the length of the words' rows. */
  readonly types?: 'none' | 'fed' | 'zeros' | 'ConstantOfShape' | 'computed' | 'beyond';
  readonly axis?: number;
  /** Of the word Gather. */
  readonly gatherAxis?: number;
  readonly hasShift?: boolean;
  readonly wordsAre?: 'constant' | 'fed';
  readonly exposed?: 'sum' | 'words' | 'words by Neg' | 'words by Shape' | 'partial';
}

export function embedModel(form: EmbedForm): OnnxModel {
  return new EmbedWriter(form).write();
}

class EmbedWriter {
  readonly #form: EmbedForm;
  readonly #builder = new ModelBuilder({ name: 'g', opset: 17 });
  #constants = 0;

  constructor(form: EmbedForm) {
    this.#form = form;
  }

  write(): OnnxModel {
    const {
      declared = ['N', 'S'],
      type = 'int64',
      positions = 'Slice',
      types = 'none',
    } = this.#form;
    const builder = this.#builder;
    builder.input('ids', type, declared);
    const words = this.#words();
    const others = [
      ...(types === 'none' ? [] : [this.#lookUp('types', 3, this.#typeIds(words))]),
      ...(positions === 'none' ? [] : [this.#lookUp('positions', 16, this.#positionIds(words))]),
    ];
    let sum = words;
    for (const [index, other] of others.entries()) {
      const outputs = [index === others.length - 1 ? 'sum' : 'partial'];
      sum = builder.node('Add', [sum, other], { outputs });
    }
    this.#norm(sum);
    this.#expose(words);
    return builder.build();
  }

  #words(): string {
    const { gatherAxis = 0, wordsAre = 'constant' } = this.#form;
    const [rows, columns] = gatherAxis === 0 ? [50, 8] : [8, 50];
    if (wordsAre === 'fed') this.#builder.input('words_table', 'float32', [rows, columns]);
    else this.#builder.initializer('words_table', weights([rows, columns], 11));
    const attributes = { axis: { int: gatherAxis } };
    return this.#builder.node('Gather', ['words_table', 'ids'], { attributes, outputs: ['words'] });
  }

  #lookUp(name: string, rows: number, ids: string): string {
    const table = this.#builder.initializer(`${name}_table`, weights([rows, 8], rows));
    return this.#builder.node('Gather', [table, ids]);
  }

  /** A vector of one: how long the samples are. */
  #length(words: string): string {
    const of = this.#form.lengthOf === 'words' ? words : 'ids';
    const shape = this.#builder.node('Shape', [of]);
    return this.#builder.node('Gather', [shape, this.#integers([1], [1])]);
  }

  #positionIds(words: string): string {
    const { positions } = this.#form;
    if (positions === 'fed') return this.#builder.input('position_ids', 'int64', ['N', 'S']);
    if (positions === 'fed for all') return this.#builder.input('position_ids', 'int64', [1, 'S']);
    const length = this.#length(words);
    const [zero, one] = [this.#integers([0], [1]), this.#integers([1], [1])];
    if (positions === 'Range' || positions === 'Range from 2') {
      const start = this.#integers([positions === 'Range' ? 0 : 2], []);
      const scalar = this.#builder.node('Squeeze', [length, zero]);
      const limit =
        positions === 'Range'
          ? scalar
          : this.#builder.node('Add', [scalar, this.#integers([2], [])]);
      const range = this.#builder.node('Range', [start, limit, this.#integers([1], [])]);
      return this.#builder.node('Unsqueeze', [range, zero]);
    }
    const counted = Array.from({ length: 16 }, (_, index) => index);
    const all = this.#integers(positions === 'reversed' ? counted.reverse() : counted, [1, 16]);
    return this.#builder.node('Slice', [all, zero, length, one, one]);
  }

  #typeIds(words: string): string {
    const { types } = this.#form;
    if (types === 'fed') return this.#builder.input('types', 'int64', ['N', 'S']);
    const shape = this.#builder.node('Shape', ['ids']);
    if (types === 'zeros' || types === 'beyond') {
      const one = this.#integers([types === 'zeros' ? 0 : 3], [1, 1]);
      return this.#builder.node('Expand', [one, shape]);
    }
    if (types === 'ConstantOfShape') {
      const zero = { type: 'int64', dims: [1], data: BigInt64Array.of(0n) } as const;
      const attributes = { value: { tensor: createTensor('value', zero) } };
      return this.#builder.node('ConstantOfShape', [shape], { attributes });
    }
    // What depends on the rows of the words can only come after them.
    const rows = this.#builder.node('Shape', [words]);
    const width = this.#builder.node('Gather', [rows, this.#integers([0], [1])]);
    const least = this.#builder.node('Min', [width, this.#integers([1], [1])]);
    return this.#builder.node('Expand', [least, shape]);
  }

  #norm(sum: string): void {
    const { axis = -1, hasShift = true } = this.#form;
    const scale = this.#builder.initializer('scale', weights([8], 6));
    const shift = hasShift ? [this.#builder.initializer('shift', weights([8], 7))] : [];
    this.#builder.node('LayerNormalization', [sum, scale, ...shift], {
      attributes: { axis: { int: axis }, epsilon: { float: 1e-6 } },
      outputs: ['y'],
    });
    this.#builder.output('y', 'float32', null);
  }

  #expose(words: string): void {
    const { exposed } = this.#form;
    if (exposed === 'words by Neg')
      this.#builder.output(this.#builder.node('Neg', [words]), 'float32', null);
    else if (exposed === 'words by Shape')
      this.#builder.output(this.#builder.node('Shape', [words]), 'int64', null);
    else if (exposed !== undefined) this.#builder.output(exposed, 'float32', null);
  }

  #integers(values: readonly number[], dims: readonly number[]): string {
    this.#constants += 1;
    const data = BigInt64Array.from(values, BigInt);
    return this.#builder.initializer(`k${this.#constants}`, { type: 'int64', dims, data });
  }
}

/** Ids that the tables have, for so many samples of this length. */
export function embedFeeds(form: EmbedForm, [batch, length]: readonly [number, number]): Tensors {
  const random = createRandom(5, 'ids');
  const integers = (most: number, dims: readonly number[], type = 'int64'): Tensors[string] => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: size }, () => random.integer(most));
    const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
    return { type: type === 'int64' ? 'int64' : 'int32', dims, data };
  };
  const { positions, types, wordsAre } = form;
  const shared = positions === 'fed for all' ? 1 : batch;
  return {
    ids: integers(50, [batch, length], form.type),
    ...(positions?.startsWith('fed') === true
      ? { position_ids: integers(16, [shared, length]) }
      : {}),
    ...(types === 'fed' ? { types: integers(3, [batch, length]) } : {}),
    ...(wordsAre === 'fed' ? { words_table: normal([50, 8]) } : {}),
  };
}

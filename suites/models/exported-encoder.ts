import { createRandom } from '../../engine/base/random.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import type { OnnxModel } from '../../engine/graph/model.ts';
import { AttentionWriter, type AttentionForm } from './exported-attention.ts';
import { TransformerWriter } from './transformer-writer.ts';

export interface EncoderShape extends Pick<AttentionForm, 'width' | 'heads' | 'length'> {
  readonly layers: number;
}

/** How an exporter was given the model. */
export interface EncoderForm extends Pick<AttentionForm, 'attention'> {
  /** With an input `mask` [N, length], int64: 1 for tokens, 0 for padding. */
  readonly hasMask: boolean;
  /** Words of an input `ids` [N, length], int64; null: an input `hidden` [N, length, width]. */
  readonly vocabulary: number | null;
  readonly seed: number;
}

const DEFAULT_FORM: EncoderForm = Object.freeze({
  attention: 'eager',
  hasMask: false,
  vocabulary: null,
  seed: 1,
});

/** Positions that there are embeddings for. */
const MAX_LENGTH = 512;

/**
 * A BERT encoder (Devlin et al. 2018) as a Python exporter writes it: products and biases
 * apart, Gelu by its error function. Gives hidden states [N, length, width]. Weights are
 * seeded noise of the scale that keeps activations as large as in a trained network.
 */
export function exportedEncoder(
  shape: EncoderShape,
  options: Partial<EncoderForm> = {},
): OnnxModel {
  const form = { ...DEFAULT_FORM, ...options };
  const producer = { name: 'openclaw-models', version: '1' };
  const builder = new ModelBuilder({ name: 'encoder', opset: 17, producer });
  const writer = new TransformerWriter(builder, createRandom(form.seed, 'encoder'));
  const rows = ['N', shape.length ?? 'S'];
  const dims = [...rows, shape.width];
  let hidden =
    form.vocabulary === null
      ? builder.input('hidden', 'float32', dims)
      : writeEmbeddings(writer, builder.input('ids', 'int64', rows), {
          vocabulary: form.vocabulary,
          width: shape.width,
        });
  const mask = form.hasMask ? builder.input('mask', 'int64', rows) : null;
  const attention = new AttentionWriter(writer, { ...shape, ...form }, { hidden, mask });
  for (let layer = 0; layer < shape.layers; layer += 1) {
    const name = `layer.${layer}`;
    const attended = attention.attend(hidden, `${name}/attention`);
    hidden = writeRest(writer, { hidden, attended }, { name, width: shape.width });
  }
  builder.node('Identity', [hidden], { outputs: ['last_hidden_state'] });
  builder.output('last_hidden_state', 'float32', dims);
  return builder.build();
}

/** Words and their positions: 0, 1, 2, ... up to the length of the samples. */
function writeEmbeddings(
  writer: TransformerWriter,
  ids: string,
  { vocabulary, width }: { readonly vocabulary: number; readonly width: number },
): string {
  const words = writer.noise('embeddings.words', [vocabulary, width], 1);
  const positions = writer.noise('embeddings.positions', [MAX_LENGTH, width], 0.1);
  const counted = Array.from({ length: MAX_LENGTH }, (_, index) => index);
  const all = writer.integers('embeddings.position_ids', counted, [1, MAX_LENGTH]);
  const [zero, one] = [writer.integers('zero', [0]), writer.integers('one', [1])];
  const length = writer.node('Gather', [writer.node('Shape', [ids]), one]);
  const positionIds = writer.node('Slice', [all, zero, length, one, one]);
  const rows = [
    writer.node('Gather', [words, ids]),
    writer.node('Gather', [positions, positionIds]),
  ];
  return writer.norm(writer.node('Add', rows), 'embeddings/norm', width);
}

/** What follows the attention in a layer that normalizes last. */
function writeRest(
  writer: TransformerWriter,
  { hidden, attended }: { readonly hidden: string; readonly attended: string },
  { name, width }: { readonly name: string; readonly width: number },
): string {
  const projected = writer.linear(attended, `${name}/attention/output`, [width, width]);
  const first = writer.norm(writer.node('Add', [projected, hidden]), `${name}/norm1`, width);
  const inner = writer.gelu(writer.linear(first, `${name}/intermediate`, [width, 4 * width]));
  const outer = writer.linear(inner, `${name}/output`, [4 * width, width]);
  return writer.norm(writer.node('Add', [outer, first]), `${name}/norm2`, width);
}

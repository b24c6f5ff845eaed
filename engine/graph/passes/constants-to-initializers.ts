import { createTensor } from '../create-tensor.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode } from '../ir/ir.ts';
import type { OnnxAttribute, OnnxTensor } from '../model.ts';
import { visitNodes, type Pass, type RewriteLog } from './pass.ts';

/**
 * Makes initializers of `Constant` nodes, so that every other pass finds constants
 * in one place. The value keeps its name; tensors stay views.
 */
export const constantsToInitializers: Pass = Object.freeze({
  name: 'constants-to-initializers',
  summary: 'turns Constant nodes into initializers',
  pipeline: 'clean',
  run: (model: IrModel) => visitNodes(model, convert),
});

function convert(node: IrNode, log: RewriteLog): void {
  if (!node.is('Constant')) return;
  const value = node.outputs[0];
  if (value === null || value === undefined) return;
  if (value.isOutput) return log.skipped(node, 'an initializer cannot be an output of the graph');
  const tensor = constantOf(node, value.name);
  if (tensor === null) return log.skipped(node, 'its value is sparse or missing');
  node.outputs[0] = null;
  value.producer = null;
  node.graph.setInitializer(value, tensor);
  node.graph.removeNode(node);
  log.rewrote();
}

/** What a `Constant` node holds, under `name`; null for a sparse tensor. */
function constantOf(node: IrNode, name: string): OnnxTensor | null {
  for (const [key, attribute] of node.attributes) {
    const read = FORMS.get(key);
    if (read !== undefined) return read(attribute, name);
  }
  return null;
}

type Form = (attribute: OnnxAttribute, name: string) => OnnxTensor | null;

/** Constant, versions 1 to 25: exactly one of these attributes, or `sparse_value`. */
const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['value', ({ t }, name) => (t === undefined ? null : { ...t, name })],
  [
    'value_float',
    // Proto3 leaves a zero out.
    ({ f = 0 }, name) =>
      createTensor(name, { type: 'float32', dims: [], data: Float32Array.of(f) }),
  ],
  [
    'value_floats',
    ({ floats }, name) => {
      const data = Float32Array.from(floats);
      return createTensor(name, { type: 'float32', dims: [data.length], data });
    },
  ],
  [
    'value_int',
    ({ i = 0n }, name) =>
      createTensor(name, { type: 'int64', dims: [], data: BigInt64Array.of(i) }),
  ],
  [
    'value_ints',
    ({ ints }, name) => {
      const data = BigInt64Array.from(ints);
      return createTensor(name, { type: 'int64', dims: [data.length], data });
    },
  ],
  ['value_string', ({ s = new Uint8Array(0) }, name) => texts(name, [], [s])],
  ['value_strings', ({ strings }, name) => texts(name, [strings.length], strings)],
]);

/** From the bytes as they are, which need not be UTF-8. */
function texts(
  name: string,
  dims: readonly number[],
  stringData: readonly Uint8Array[],
): OnnxTensor {
  return { ...createTensor(name, { type: 'string', dims, strings: [] }), stringData };
}

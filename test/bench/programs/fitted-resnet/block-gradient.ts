import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { gradientOf } from '../../../../suites/inspection/training/gradient-model.ts';
import type { BlockPlan } from './block.ts';

/**
 * Where a 3x3 convolution looks in a window of cells. A patch is 9 cells around one
 * output; a whole picture is all cells, and as many outputs.
 */
export interface Window {
  /** Cells of the input. */
  readonly cells: number;
  /** For each output its 9 cells; `cells` where it looks beyond the border. */
  readonly neighbours: readonly number[];
}

export interface BlockStep {
  readonly plan: BlockPlan;
  readonly window: Window;
  readonly batch: number;
  readonly classes: number;
}

/**
 * One step of softmax regression behind a block's 1x1 and 3x3 convolution and the average
 * over its outputs, forward and backward, as a graph of matrix products:
 *
 *   a = relu(X R + r) * inside;  U = the 9 neighbours of each output in a
 *   b = relu(U S + s);           p = softmax(mean(b) V + c)
 *
 * Inputs: `cells` [batch, cells, from], `inside` [batch, cells, 1], `targets`
 * [batch, classes] and the parameters; outputs: the parameters' gradients.
 */
export function blockGradientModel(step: BlockStep): OnnxModel {
  const graph = new GradientGraph(step);
  return graph.build();
}

class GradientGraph {
  readonly #builder = new ModelBuilder({ name: 'block gradient', opset: 17 });
  readonly #step: BlockStep;
  readonly #outputs: number;

  constructor(step: BlockStep) {
    this.#step = step;
    this.#outputs = step.window.neighbours.length / 9;
  }

  build(): OnnxModel {
    const { plan, batch, window, classes } = this.#step;
    const { from, inner } = plan;
    const rows = batch * this.#outputs;
    const cells = this.#builder.input('cells', 'float32', [batch, window.cells, from]);
    const inside = this.#builder.input('inside', 'float32', [batch, window.cells, 1]);
    const flat = this.#reshape(cells, [batch * window.cells, from]);
    const reduced = this.#reduce(flat, inside);
    const unfolded = this.#reshape(this.#unfold(reduced), [rows, 9 * inner]);
    const seen = this.#op('Relu', this.#linear(unfolded, 'spatial', [9 * inner, inner]));
    const hidden = this.#reshape(seen, [batch, this.#outputs, inner]);
    const pooled = this.#mean(hidden);

    const error = this.#error(this.#linear(pooled, 'readout', [inner, classes]));
    this.#gradients(pooled, error, 'readout');
    const spread = this.#op('Mul', this.#back(error, 'readout'), this.#number(1 / this.#outputs));
    const each = this.#op(
      'Mul',
      this.#reshape(spread, [batch, 1, inner]),
      this.#op('Sign', hidden),
    );
    const seenDelta = this.#reshape(each, [rows, inner]);
    this.#gradients(unfolded, seenDelta, 'spatial');
    const folded = this.#fold(this.#back(seenDelta, 'spatial'));
    const reducedDelta = this.#op('Mul', folded, this.#op('Sign', reduced));
    this.#gradients(flat, this.#reshape(reducedDelta, [batch * window.cells, inner]), 'reduce');
    return this.#builder.build();
  }

  /** [batch, cells, inner], zero beyond the border, where the 3x3 convolution pads. */
  #reduce(flat: string, inside: string): string {
    const { plan, batch, window } = this.#step;
    const active = this.#op('Relu', this.#linear(flat, 'reduce', [plan.from, plan.inner]));
    return this.#op('Mul', this.#reshape(active, [batch, window.cells, plan.inner]), inside);
  }

  /** [batch, 9 x outputs, inner] of [batch, cells, inner]. */
  #unfold(reduced: string): string {
    const { plan, batch, window } = this.#step;
    return this.#gather(
      this.#withZeros(reduced, [batch, 1, plan.inner]),
      'neighbours',
      window.neighbours,
    );
  }

  /** The transpose of unfolding: each cell's sum over the outputs that look at it. */
  #fold(delta: string): string {
    const { plan, batch, window } = this.#step;
    const all = this.#reshape(delta, [batch, 9 * this.#outputs, plan.inner]);
    const looks = looksAt(window);
    const padded = this.#withZeros(all, [batch, 1, plan.inner]);
    const gathered = this.#gather(padded, 'looks', looks);
    const each = looks.length / window.cells;
    const shaped = this.#reshape(gathered, [batch, window.cells, each, plan.inner]);
    return this.#sum(shaped, 2, `sum of looks`);
  }

  #linear(value: string, name: string, [from, to]: readonly [number, number]): string {
    const weight = this.#builder.input(name, 'float32', [from, to]);
    const bias = this.#builder.input(`${name}Bias`, 'float32', [to]);
    return this.#builder.node('Gemm', [value, weight, bias]);
  }

  #back(delta: string, name: string): string {
    return this.#builder.node('Gemm', [delta, name], { attributes: { transB: { int: 1 } } });
  }

  #error(logits: string): string {
    const { batch, classes } = this.#step;
    const targets = this.#builder.input('targets', 'float32', [batch, classes]);
    const axis = { attributes: { axis: { int: 1 } } };
    const probability = this.#builder.node('Softmax', [logits], axis);
    return this.#op('Mul', this.#op('Sub', probability, targets), this.#number(1 / batch));
  }

  #gradients(input: string, delta: string, name: string): void {
    const output = this.#builder.node('Gemm', [input, delta], {
      outputs: [gradientOf(name)],
      attributes: { transA: { int: 1 } },
    });
    this.#builder.output(output, 'float32', null);
    this.#builder.output(this.#sum(delta, 0, gradientOf(`${name}Bias`)), 'float32', null);
  }

  #mean(value: string): string {
    return this.#builder.node('ReduceMean', [value], {
      attributes: { axes: { ints: [1] }, keepdims: { int: 0 } },
    });
  }

  #sum(value: string, axis: number, output: string): string {
    const axes = this.#integers(`axes of ${output}`, [axis]);
    return this.#builder.node('ReduceSum', [value, axes], {
      outputs: [output],
      attributes: { keepdims: { int: 0 } },
    });
  }

  #withZeros(value: string, dims: readonly number[]): string {
    const length = dims.reduce((product, dim) => product * dim, 1);
    const content = { type: 'float32', dims, data: new Float32Array(length) };
    const zeros = this.#builder.initializer(`zeros after ${value}`, content);
    return this.#builder.node('Concat', [value, zeros], { attributes: { axis: { int: 1 } } });
  }

  #gather(value: string, name: string, indices: readonly number[]): string {
    return this.#builder.node('Gather', [value, this.#integers(name, indices)], {
      attributes: { axis: { int: 1 } },
    });
  }

  #reshape(value: string, dims: readonly number[]): string {
    const key = `shape ${dims.join('x')} of ${value}`;
    return this.#builder.node('Reshape', [value, this.#integers(key, dims)]);
  }

  #integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#builder.initializer(name, { type: 'int64', dims: [values.length], data });
  }

  #number(value: number): string {
    const content = { type: 'float32', dims: [], data: new Float32Array([value]) };
    return this.#builder.initializer(`number ${value}`, content);
  }

  #op(type: string, ...inputs: readonly string[]): string {
    return this.#builder.node(type, inputs);
  }
}

/** For each cell, equally many, which of the unfolded values are copies of it. */
function looksAt({ cells, neighbours }: Window): number[] {
  const looks = Array.from({ length: cells }, (): number[] => []);
  for (const [look, cell] of neighbours.entries()) looks[cell]?.push(look);
  const most = Math.max(...looks.map(({ length }) => length));
  return looks.flatMap((of) => [
    ...of,
    ...Array.from({ length: most - of.length }, () => neighbours.length),
  ]);
}

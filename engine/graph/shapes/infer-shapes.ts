import type { IrModel } from '../ir/import-model.ts';
import { sortedNodes } from '../ir/export-model.ts';
import type { IrGraph, IrNode, IrValue } from '../ir/ir.ts';
import { constantShape } from './constant-elements.ts';
import { inferControlFlow } from './control-flow.ts';
import { declaredShape, fillGaps, usefulDeclarations } from './declared-shapes.ts';
import { DimAlgebra } from './dim-algebra.ts';
import { Operator } from './operator.ts';
import { inferenceOf } from './operators.ts';
import { shaped, UNKNOWN, type ShapeMap, type ValueShape } from './value-shape.ts';

/**
 * Element types, dims and small integer contents without running the model. The dims
 * of the model's inputs are believed (the runtime checks fixed ones, and dims of one
 * name are equal by the specification), other declarations as `usefulDeclarations`
 * says; an unknown operator has unknown outputs. O(nodes + values), subgraphs included.
 */
export function inferShapes(model: IrModel): ShapeMap {
  const inferred = new ShapeInference(model, new Map());
  const declared = usefulDeclarations(model, inferred);
  return declared.size === 0 ? inferred : new ShapeInference(model, declared);
}

class ShapeInference implements ShapeMap {
  readonly #shapes = new Map<IrValue, ValueShape>();
  readonly #algebra = new DimAlgebra();
  readonly #opsets: ReadonlyMap<string, number>;
  /** Operators that the model itself defines, which may hide standard ones. */
  readonly #functions: ReadonlySet<string>;
  readonly #declared: ReadonlyMap<IrValue, ValueShape>;

  constructor(model: IrModel, declared: ReadonlyMap<IrValue, ValueShape>) {
    this.#opsets = model.opsets;
    this.#functions = new Set(
      model.functions.map(({ domain = '', name = '' }) => functionId(domain, name)),
    );
    this.#declared = declared;
    const inputs = model.graph.inputs.map(({ info }) => declaredShape(info));
    for (const dim of inputs.flatMap(({ dims }) => dims ?? [])) {
      if (typeof dim === 'string') this.#algebra.declare(dim);
    }
    this.#inferGraph(model.graph, inputs);
  }

  of(value: IrValue): ValueShape {
    return this.#shapes.get(value) ?? UNKNOWN;
  }

  #inferGraph(graph: IrGraph, inputs: readonly ValueShape[]): readonly ValueShape[] {
    for (const [index, value] of graph.inputs.entries()) {
      this.#shapes.set(value, inputs[index] ?? UNKNOWN);
    }
    for (const value of graph.initializers) {
      if (value.isInput) continue;
      if (value.constant !== null) this.#shapes.set(value, constantShape(value.constant));
      else if (value.sparse !== null) this.#shapes.set(value, shaped(null, value.sparse.dims));
    }
    for (const node of sortedNodes(graph)) this.#inferNode(node);
    return graph.outputs.map((value) => this.of(value));
  }

  #inferNode(node: IrNode): void {
    const outputs = this.#outputsOf(node);
    for (const [index, value] of node.outputs.entries()) {
      if (value === null) continue;
      this.#shapes.set(value, fillGaps(outputs[index] ?? UNKNOWN, this.#declared.get(value)));
    }
  }

  #outputsOf(node: IrNode): readonly ValueShape[] {
    const opset = this.#opsets.get(node.domain) ?? 1;
    const inputs = node.inputs.map((value) => (value === null ? UNKNOWN : this.of(value)));
    const op = new Operator(node, { opset, algebra: this.#algebra, inputs });
    if (node.subgraphs.size > 0) {
      return inferControlFlow(op, (graph, given) => this.#inferGraph(graph, given));
    }
    if (this.#functions.has(functionId(node.domain, node.opType))) return [];
    const outputs = inferenceOf(node.domain, node.opType, opset)?.(op) ?? [];
    return 'dims' in outputs ? [outputs] : outputs;
  }
}

function functionId(domain: string, name: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}/${name}`;
}

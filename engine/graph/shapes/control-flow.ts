import type { IrGraph } from '../ir/ir.ts';
import { normalizeAxis, type Operator } from './operator.ts';
import { shaped, unknownDims, UNKNOWN, type ValueShape } from './value-shape.ts';

/** Shapes of a graph's outputs, given those of its inputs. */
export type InferGraph = (graph: IrGraph, inputs: readonly ValueShape[]) => readonly ValueShape[];

/** Outputs of a node with subgraphs, which are inferred on the way. */
export function inferControlFlow(op: Operator, inferGraph: InferGraph): readonly ValueShape[] {
  if (op.node.is('If')) return inferIf(op, inferGraph);
  if (op.node.is('Loop')) return inferLoop(op, inferGraph);
  if (op.node.is('Scan') && op.opset >= 9) return inferScan(op, inferGraph);
  for (const graph of op.node.allSubgraphs()) inferGraph(graph, []);
  return [];
}

/** What both branches agree on. */
function inferIf({ node }: Operator, inferGraph: InferGraph): readonly ValueShape[] {
  const [first = [], ...others] = [...node.allSubgraphs()].map((graph) => inferGraph(graph, []));
  return first.map((shape, index) =>
    others.reduce((agreed, branch) => agree(agreed, branch[index] ?? UNKNOWN), shape),
  );
}

function agree(a: ValueShape, b: ValueShape): ValueShape {
  const isSameRank = a.dims !== null && a.dims.length === b.dims?.length;
  return shaped(
    a.type === b.type ? a.type : null,
    isSameRank ? a.dims.map((dim, axis) => (dim === b.dims?.[axis] ? dim : null)) : null,
    a.elements?.map((element, index) => (element === b.elements?.[index] ? element : null)) ?? null,
  );
}

/**
 * What is carried keeps its type; its shape may change from one iteration to the next.
 * Body: (iteration, condition, ...carried) to (condition, ...carried, ...scanned).
 */
function inferLoop(op: Operator, inferGraph: InferGraph): readonly ValueShape[] {
  const carried = op.inputs.slice(2).map(({ type }) => shaped(type, null));
  const inputs = [shaped('int64', null), shaped('bool', null), ...carried];
  const [body = []] = [...op.node.allSubgraphs()].map((graph) => inferGraph(graph, inputs));
  return [...carried, ...body.slice(1 + carried.length).map(stacked)];
}

/** Body: (...states, a slice of each scanned input) to (...states, ...scanned). */
function inferScan(op: Operator, inferGraph: InferGraph): readonly ValueShape[] {
  const states = Math.max(0, op.inputs.length - op.int('num_scan_inputs', 0));
  const carried = op.inputs.slice(0, states).map(({ type }) => shaped(type, null));
  const axes = op.ints('scan_input_axes');
  const slices = op.inputs.slice(states).map(({ type, dims }, index) => {
    const axis = dims === null ? null : normalizeAxis(axes?.[index] ?? 0, dims.length);
    return shaped(type, axis === null ? null : (dims?.toSpliced(axis, 1) ?? null));
  });
  const inputs = [...carried, ...slices];
  const [body = []] = [...op.node.allSubgraphs()].map((graph) => inferGraph(graph, inputs));
  return [...carried, ...body.slice(states).map(stacked)];
}

/** One more dim; the others are open, since no iteration at all may leave them empty. */
function stacked({ type, dims }: ValueShape): ValueShape {
  return shaped(type, dims === null ? null : unknownDims(dims.length + 1));
}

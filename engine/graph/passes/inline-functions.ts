import { functionBody, type FunctionBody } from '../function-body.ts';
import { InvalidModelError } from '../invalid-model-error.ts';
import { importNodes, type IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode, type IrValue } from '../ir/ir.ts';
import { defaultDomain, ModelFunctions } from '../model-functions.ts';
import type { OnnxFunction } from '../model.ts';
import { allGraphs, RewriteLog, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Replaces calls of the model's own functions by their bodies, calls inside them
 * too, and drops the functions that nobody calls any more. Functions under a
 * standard domain stay: whether they or the operators of that name are meant is
 * up to the runtime (IR specification, "Model").
 */
export const inlineFunctions: Pass = Object.freeze({
  name: 'inline-functions',
  summary: "replaces calls of the model's functions by their bodies",
  pipeline: 'clean',
  run: (model: IrModel) => {
    const log = new RewriteLog();
    if (model.functions.length === 0) return log.result();
    const functions = new ModelFunctions(model.functions, SOURCE);
    const inliner = { model, functions, log, budget: { nodes: MAX_NODES } };
    for (const graph of allGraphs(model.graph)) {
      // Nodes that are added are visited too, and so nested calls.
      for (const node of graph.nodes) inlineCall(node, inliner);
    }
    dropUncalled(model, functions, log);
    return log.result();
  },
});

/** What functions that call functions twice may grow to, all calls together. */
const MAX_NODES = 200_000;
const SOURCE = 'the model';

interface Inliner {
  readonly model: IrModel;
  readonly functions: ModelFunctions;
  readonly log: RewriteLog;
  readonly budget: { nodes: number };
}

function inlineCall(call: IrNode, inliner: Inliner): void {
  const { functions, log, budget, model } = inliner;
  const definition = functions.find(call);
  if (definition === null) return;
  const obstacle = obstacleTo(call, definition, inliner);
  if (obstacle !== null) return log.skipped(call, obstacle);
  connect(call, bodyOf(definition, call));
  for (const [domain, version] of opsetsOf(definition)) model.opsets.set(domain, version);
  budget.nodes -= definition.nodes.length;
  removeDeadFrom(call);
  log.rewrote();
}

/** Why a call is left alone; null when it can be inlined. */
function obstacleTo(
  call: IrNode,
  definition: OnnxFunction,
  { model, budget }: Inliner,
): string | null {
  if (call.subgraphs.size > 0) return 'a graph is passed as an attribute';
  const isFitting =
    call.inputs.length <= definition.inputs.length &&
    call.outputs.length <= definition.outputs.length;
  if (!isFitting) return 'it has more inputs or outputs than the function';
  if (definition.nodes.length > budget.nodes) return `more than ${MAX_NODES} nodes would be added`;
  for (const [domain, version] of opsetsOf(definition)) {
    const given = model.opsets.get(domain);
    if (given !== undefined && given !== version) {
      const name = domain === '' ? 'ai.onnx' : domain;
      return `the function is written in ${name} ${version}, the model in ${given}`;
    }
  }
  return null;
}

function opsetsOf({ opsetImports }: OnnxFunction): (readonly [string, number])[] {
  return opsetImports.map(({ domain, version = 0 }) => [defaultDomain(domain), version] as const);
}

function bodyOf(definition: OnnxFunction, call: IrNode): FunctionBody {
  const { names } = call.graph;
  return functionBody(definition, {
    name: call.name,
    inputs: call.inputs.map((value) => value?.name ?? ''),
    attributes: call.attributes,
    source: SOURCE,
    freshName: (hint) => {
      const name = names.fresh(hint);
      names.take(name);
      return name;
    },
  });
}

function connect(call: IrNode, body: FunctionBody): void {
  const { graph } = call;
  const given = call.inputs.filter((value) => value !== null);
  const values = new Map(given.map((value) => [value.name, value]));
  const made = importNodes(graph, body.nodes, { values, source: SOURCE });
  // Looked up before the first replacement, which may rename values.
  const results = body.outputs.map((name) => made.get(name) ?? values.get(name) ?? null);
  for (const [index, old] of call.outputs.entries()) {
    const result = results[index] ?? null;
    if (old === null || old.isUnused) continue;
    if (result === null) {
      throw new InvalidModelError(
        `node '${call.name}' (${call.opType}) gets nothing for its output '${old.name}'`,
        { source: SOURCE },
      );
    }
    result.info ??= old.info;
    if (!replaceUses(old, result)) copyTo(old, { index, call, result });
  }
}

/** An output of the graph that is an argument, or twice the same result, needs a node of its own. */
function copyTo(
  old: IrValue,
  from: { readonly index: number; readonly call: IrNode; readonly result: IrValue },
): void {
  from.call.outputs[from.index] = null;
  from.call.graph.addNode({ opType: 'Identity', inputs: [from.result], outputs: [old] });
}

function dropUncalled(model: IrModel, functions: ModelFunctions, log: RewriteLog): void {
  // Training graphs call functions too, and the IR does not hold them.
  if (model.rest.trainingInfo.length > 0) return;
  const called = new Set(model.functions.filter((one) => !functions.has(one)));
  for (const graph of allGraphs(model.graph)) {
    for (const node of graph.nodes) {
      const definition = functions.find(node);
      if (definition !== null) called.add(definition);
    }
  }
  // What is added while the loop runs is visited too.
  for (const one of called) {
    for (const callee of functions.calledBy(one)) called.add(callee);
  }
  const kept = model.functions.filter((one) => called.has(one));
  for (let count = kept.length; count < model.functions.length; count += 1) log.rewrote();
  model.functions = kept;
}

import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode, type IrValue } from '../ir/ir.ts';
import { visitNodes, type Pass, type RewriteLog } from './pass.ts';
import {
  isExactRoundTrip,
  isPerTensor,
  readQuantization,
  type QuantizationParameters,
} from './quantization-parameters.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Removes QuantizeLinear and DequantizeLinear where that changes no bit: a pair
 * that gives back the integers it was given, also around pure data movement, and
 * a second DequantizeLinear of the same integers. QuantizeLinear followed by
 * DequantizeLinear rounds, so it stays; so does a second QuantizeLinear, by which
 * a runtime finds what to run in integers.
 */
export const cleanQdq: Pass = Object.freeze({
  name: 'clean-qdq',
  summary: 'removes quantization steps that undo or repeat one another exactly',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const seen: Seen = new Map();
    return visitNodes(model, (node, log) => {
      const parameters = readQuantization(node);
      if (parameters === null) return;
      if (node.is('QuantizeLinear')) removeRoundTrip(node, { parameters, log });
      else mergeWithEarlier(node, { parameters, seen, log });
    });
  },
});

interface Found {
  readonly parameters: QuantizationParameters;
  readonly log: RewriteLog;
}

/** What is the same for the integers whichever way it is looked at. */
const MOVEMENTS = new Set(['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

function removeRoundTrip(quantize: IrNode, { parameters, log }: Found): void {
  const before = quantize.inputs[0]?.producer ?? null;
  const isMovement = before !== null && before.isOneOf(MOVEMENTS);
  const dequantize = isMovement ? (before.inputs[0]?.producer ?? null) : before;
  if (before === null || dequantize === null || !dequantize.is('DequantizeLinear')) return;
  const reason =
    whyNotExact(dequantize, parameters) ??
    (isMovement
      ? moveIntegers(quantize, { movement: before, dequantize, parameters })
      : bypass(quantize, dequantize));
  if (reason === null) log.rewrote();
  else log.skipped(quantize, reason);
}

function whyNotExact(dequantize: IrNode, parameters: QuantizationParameters): string | null {
  const given = readQuantization(dequantize);
  if (given === null) return 'the parameters of the DequantizeLinear before it are not constant';
  if (given.key !== parameters.key)
    return 'it has other parameters than the DequantizeLinear before it';
  // It computes in another type than that of the scale.
  if (dequantize.attributes.has('output_dtype')) return 'the DequantizeLinear before it converts';
  return isExactRoundTrip(parameters)
    ? null
    : 'its type or scale is not known to give back every integer';
}

/** Null when it was done, else why not. */
function bypass(quantize: IrNode, dequantize: IrNode): string | null {
  const integers = dequantize.inputs[0] ?? null;
  if (integers === null || !replaceUses(quantize.output, integers)) {
    return 'its result is an output of the graph, which its input cannot be';
  }
  removeDeadFrom(quantize);
  return null;
}

/** Dequantize, move, quantize becomes: move the integers. */
function moveIntegers(
  quantize: IrNode,
  {
    movement,
    dequantize,
    parameters,
  }: {
    readonly movement: IrNode;
    readonly dequantize: IrNode;
    readonly parameters: QuantizationParameters;
  },
): string | null {
  if (!isPerTensor(parameters)) return 'the scales follow an axis that is moved';
  // Runtimes move 8-bit integers everywhere, smaller ones not.
  if (!/^u?int8$/.test(parameters.type ?? '')) return 'the integers are not of 8 bits';
  if (movement.output.soleUser !== quantize || movement.graph !== quantize.graph) {
    return `what the ${movement.opType} before it gives is used elsewhere too`;
  }
  movement.setInput(0, dequantize.inputs[0] ?? null);
  movement.output.info = quantize.output.info;
  replaceUses(quantize.output, movement.output);
  removeDeadFrom(quantize);
  removeDeadFrom(dequantize);
  return null;
}

/** DequantizeLinear nodes by the integers that they take and by their parameters. */
type Seen = Map<IrValue, Map<string, IrNode>>;

function mergeWithEarlier(
  node: IrNode,
  { parameters, seen, log }: Found & { readonly seen: Seen },
): void {
  const integers = node.inputs[0] ?? null;
  if (integers === null || node.attributes.has('output_dtype')) return;
  const known = seen.get(integers) ?? new Map<string, IrNode>();
  seen.set(integers, known);
  const earlier = known.get(parameters.key);
  const isThere =
    earlier !== undefined &&
    earlier.graph === node.graph &&
    earlier.graph.nodes.has(earlier) &&
    earlier.inputs[0] === integers;
  if (!isThere) {
    known.set(parameters.key, node);
  } else if (replaceUses(node.output, earlier.output)) {
    removeDeadFrom(node);
    log.rewrote();
  } else {
    log.skipped(node, 'it and its equal are outputs of the graph');
  }
}

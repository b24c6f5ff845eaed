import type { IrNode, IrValue } from '../ir/ir.ts';
import { readScalar } from '../tensor-values.ts';
import { factorOf } from './attention-layout.ts';
import type { MaskStep } from './attention-mask-step.ts';

/** What a softmax is taken of: `scale * queries * keys`, masked step by step. */
export interface Scores {
  readonly queries: IrValue;
  /** Transposed already. */
  readonly keys: IrValue;
  readonly scale: number;
  readonly masks: readonly MaskStep[];
  /** Why it is none after all. */
  readonly problem: string | null;
  readonly nodes: readonly IrNode[];
}

/** Exporters write a factor and two masks at most. */
const MAX_STEPS = 6;

/** Every product that may be meant: a mask may hold a product too, such as a bias by position. */
export function readScores(softmax: IrNode): readonly Scores[] {
  const [value = null] = softmax.inputs;
  return value === null ? [] : [...productsBehind(value, MAX_STEPS)];
}

function* productsBehind(value: IrValue, steps: number): Generator<Scores> {
  const node = value.producer;
  if (node === null || steps === 0) return;
  const [a = null, b = null] = node.inputs;
  const isProduct = node.is('MatMul') && a?.constant === null && b?.constant === null;
  if (isProduct) yield { queries: a, keys: b, ...START, nodes: [node] };
  const factor = factorOf(node);
  if (factor !== null) {
    for (const scores of productsBehind(factor.of, steps - 1))
      yield scaled(scores, node, factor.by);
  }
  if (node.is('Add') && a !== null && b !== null) {
    for (const [on, mask] of [[a, b] as const, [b, a] as const]) {
      for (const scores of productsBehind(on, steps - 1)) {
        yield masked(scores, node, { kind: 'added', value: mask });
      }
    }
  }
  const choice = node.is('Where') ? choiceOf(node) : null;
  if (choice === null) return;
  for (const scores of productsBehind(choice.on, steps - 1))
    yield masked(scores, node, choice.step);
}

const START = Object.freeze({ scale: 1, masks: [], problem: null });

function scaled(scores: Scores, node: IrNode, by: number): Scores {
  const problem = scores.masks.length > 0 ? 'its mask is multiplied with a number' : scores.problem;
  return { ...scores, scale: scores.scale * by, problem, nodes: [node, ...scores.nodes] };
}

function masked(scores: Scores, node: IrNode, mask: MaskStep): Scores {
  return { ...scores, masks: [...scores.masks, mask], nodes: [node, ...scores.nodes] };
}

/** Scores where a condition holds, else a number; or the other way round. */
function choiceOf(node: IrNode): { readonly on: IrValue; readonly step: MaskStep } | null {
  const [condition = null, yes = null, no = null] = node.inputs;
  const isNegated = yes !== null && yes.constant !== null;
  const [on, other] = isNegated ? [no, yes] : [yes, no];
  const fill = readScalar(other?.constant ?? null);
  if (condition === null || on === null || fill === null) return null;
  return { on, step: { kind: 'chosen', condition, isNegated, fill } };
}

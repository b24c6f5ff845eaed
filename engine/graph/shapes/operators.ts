import { contributed } from './contributed.ts';
import { elementwise } from './elementwise.ts';
import { gathering } from './gathering.ts';
import { matrices } from './matrix.ts';
import { normalizations } from './normalization.ts';
import type { Inference, Inferences } from './operator.ts';
import { quantizations } from './quantization.ts';
import { reductions } from './reductions.ts';
import { reshaping } from './reshaping.ts';
import { scaling } from './scaling.ts';
import { slicing } from './slicing.ts';
import { sources } from './sources.ts';
import { windows } from './window.ts';

/** By domain, then by operator. */
const INFERENCES: Readonly<Record<string, Inferences>> = {
  '': {
    ...elementwise,
    ...gathering,
    ...matrices,
    ...normalizations,
    ...quantizations,
    ...reductions,
    ...reshaping,
    ...scaling,
    ...slicing,
    ...sources,
    ...windows,
  },
  'com.microsoft': contributed,
};

/** Before it, broadcasting was an attribute: such models are not looked into. */
const OLDEST_OPSET = 7;

/** Null for an operator that is not known, or not in this version. */
export function inferenceOf(domain: string, opType: string, opset: number): Inference | null {
  if (domain === '' && opset < OLDEST_OPSET) return null;
  const inferences = INFERENCES[domain];
  if (inferences === undefined || !Object.hasOwn(inferences, opType)) return null;
  return inferences[opType] ?? null;
}

/** An output that lies in the memory of an input. */
interface MemoryPair {
  readonly input: number;
  readonly output: number;
}

/** Operators whose output is a view: the same bytes under another shape. */
const VIEWS = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/** Operators of one input that may write over it. */
const OVERWRITING = new Set([
  'Cast',
  'Clip',
  'Elu',
  'HardSigmoid',
  'LeakyRelu',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softmax',
  'Softplus',
  'Softsign',
  'Tanh',
  'ThresholdedRelu',
]);

/** Operators that may add to an input: it is the sum that a convolution was fused with. */
const ACCUMULATING = new Set(['com.microsoft.nchwc.Conv', 'com.microsoft.FusedConv']);
const SUM = 3;

const FIRST: readonly MemoryPair[] = Object.freeze([{ input: 0, output: 0 }]);
const ACCUMULATED: readonly MemoryPair[] = Object.freeze([{ input: SUM, output: 0 }]);
const NONE: readonly MemoryPair[] = Object.freeze([]);

/** Outputs that always lie in the memory of an input. */
export function viewsOf(operator: string): readonly MemoryPair[] {
  return VIEWS.has(operator) ? FIRST : NONE;
}

/**
 * Outputs that take over the memory of an input that nobody reads afterwards, as the
 * runtime's kernels declare it (`KernelDefBuilder::MayInplace`).
 */
export function takenOverBy(operator: string): readonly MemoryPair[] {
  if (OVERWRITING.has(operator)) return FIRST;
  return ACCUMULATING.has(operator) ? ACCUMULATED : NONE;
}

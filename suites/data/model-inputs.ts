import { UsageError, UserError } from '../../engine/base/errors.ts';
import type { ModelDescription, ValueDescription } from '../../engine/graph/describe.ts';
import { isNumericType, type NumericType } from '../../engine/runtime/tensor.ts';

/** One input with every dimension known but the batch. */
export interface ResolvedInput {
  readonly name: string;
  readonly type: NumericType;
  /** Of one sample, without the batch axis, when batched; else of the whole tensor. */
  readonly dims: readonly number[];
  readonly batched: boolean;
}

export interface ResolvedInputs {
  readonly inputs: readonly ResolvedInput[];
  /** `free`, or the batch size that the model or `--dim` fixes. */
  readonly batch: 'free' | number;
  /** Every symbolic dimension that was given a size, by name. */
  readonly dims: Readonly<Record<string, number>>;
}

/** Shapes of the user's arrays by input name; the leading one counts samples. */
export type DataShapes = ReadonlyMap<string, readonly number[]>;

/**
 * Settles the shape of each input: the batch axis is the leading dimension that
 * is symbolic (or, if all are fixed, the leading dimension), every other
 * symbolic dimension comes from `--dim`, else from the shape of the data.
 * Throws UsageError that names the dimension that is missing.
 */
export function resolveInputs(
  model: ModelDescription,
  given: { readonly dims: Readonly<Record<string, number>>; readonly data: DataShapes | null },
): ResolvedInputs {
  if (model.inputs.length === 0) throw new UserError('the model has no inputs');
  const named = model.inputs.map(nameDimensions);
  const symbol = batchSymbol(named);
  checkDimNames(named, given.dims);
  const used: Record<string, number> = {};
  const inputs = named.map((input) => {
    const batched = isBatched(input, symbol);
    const rest = batched ? input.dims.slice(1) : input.dims;
    const fromData = given.data?.get(input.name)?.slice(batched ? 1 : 0);
    const dims = rest.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      const size = given.dims[dim] ?? used[dim] ?? fromData?.[axis];
      if (size === undefined) throw missingDimension(input, dim);
      used[dim] = size;
      return size;
    });
    return { name: input.name, type: input.type, dims, batched };
  });
  return { inputs, batch: batchOf(named, symbol, given.dims), dims: { ...used } };
}

interface NamedInput {
  readonly name: string;
  readonly type: NumericType;
  readonly dims: readonly (number | string)[];
}

/** Dimensions without a name get one: `input:axis`. */
function nameDimensions(input: ValueDescription): NamedInput {
  if (input.elementType === null || !isNumericType(input.elementType)) {
    throw new UserError(
      `input '${input.name}' is of type ${input.elementType ?? 'sequence, map or unknown'}: only number and bool tensors can be driven`,
    );
  }
  if (input.dims === null) {
    throw new UserError(`input '${input.name}' has no shape in the model`, {
      remedy: 'export the model with shapes for its inputs',
    });
  }
  const dims = input.dims.map((dim, axis) => dim ?? `${input.name}:${axis}`);
  return { name: input.name, type: input.elementType, dims };
}

/** The symbol of the leading dimension that most inputs share, or null when all are fixed. */
function batchSymbol(inputs: readonly NamedInput[]): string | null {
  const counts = new Map<string, number>();
  for (const { dims } of inputs) {
    const lead = dims[0];
    if (typeof lead === 'string') counts.set(lead, (counts.get(lead) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? null;
}

/** An unnamed leading dimension is taken for the batch as well: exporters drop names. */
function isBatched(input: NamedInput, symbol: string | null): boolean {
  const lead = input.dims[0];
  if (lead === undefined) return false;
  if (symbol === null) return input.dims.length > 1;
  return lead === symbol || lead === `${input.name}:0`;
}

function batchOf(
  inputs: readonly NamedInput[],
  symbol: string | null,
  dims: Readonly<Record<string, number>>,
): 'free' | number {
  if (symbol !== null) return dims[symbol] ?? 'free';
  const leads = inputs.flatMap((input) => (input.dims.length > 1 ? [input.dims[0]] : []));
  const [first = 1] = leads.filter((lead) => typeof lead === 'number');
  const differing = leads.find((lead) => lead !== first);
  if (differing !== undefined) {
    throw new UserError(
      `the inputs' leading dimensions are fixed to different sizes (${first} and ${differing})`,
      { remedy: 'export the model with a symbolic batch dimension' },
    );
  }
  return first;
}

function checkDimNames(
  inputs: readonly NamedInput[],
  given: Readonly<Record<string, number>>,
): void {
  const known = new Set(
    inputs.flatMap((input) => input.dims.filter((dim) => typeof dim === 'string')),
  );
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    throw new UsageError(`--dim ${name}: the model has no symbolic dimension '${name}'`, {
      remedy: known.size === 0 ? 'all its dimensions are fixed' : `it has ${[...known].join(', ')}`,
    });
  }
}

function missingDimension(input: NamedInput, dim: string): UsageError {
  return new UsageError(
    `input '${input.name}' [${input.dims.join(', ')}] leaves '${dim}' open`,
    { remedy: `give its size, such as --dim ${dim}=128` },
  );
}

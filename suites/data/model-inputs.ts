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
  /** Every symbolic dimension that was given a size, by name; the batch only by `--dim`. */
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
  if (model.inputs.length === 0) {
    throw new UserError('the model has no inputs: there is nothing to drive it with', {
      remedy: 'give a model that computes its outputs from inputs',
    });
  }
  const named = model.inputs.map(nameDimensions);
  const symbol = batchSymbol(named);
  // Maps: a dimension may be called `constructor`.
  const asked = new Map(Object.entries(given.dims));
  checkDimNames(named, asked);
  const used = new Map<string, number>();
  const batch = batchOf(named, symbol, { asked, used });
  const inputs = named.map((input) => {
    const batched = isBatched(input, symbol);
    const rest = batched ? input.dims.slice(1) : input.dims;
    const fromData = given.data?.get(input.name)?.slice(batched ? 1 : 0);
    const dims = rest.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      const size = asked.get(dim) ?? used.get(dim) ?? fromData?.[axis];
      if (size === undefined) throw missingDimension(input, dim);
      used.set(dim, size);
      return size;
    });
    return { name: input.name, type: input.type, dims, batched };
  });
  return { inputs, batch, dims: Object.fromEntries(used) };
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
      { remedy: 'export the part of the model behind that input' },
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

/** Stands for the leading dimensions without a name: exporters drop names. */
const UNNAMED = Symbol('unnamed');

type BatchSymbol = string | typeof UNNAMED;

function leadOf(input: NamedInput): BatchSymbol | number | undefined {
  const lead = input.dims[0];
  return lead === `${input.name}:0` ? UNNAMED : lead;
}

/**
 * The leading dimension that most inputs share, or null when all are fixed. Of
 * equals a named one, then the first.
 */
function batchSymbol(inputs: readonly NamedInput[]): BatchSymbol | null {
  const counts = new Map<BatchSymbol, number>();
  for (const lead of inputs.map(leadOf)) {
    if (lead === undefined || typeof lead === 'number') continue;
    counts.set(lead, (counts.get(lead) ?? 0) + 1);
  }
  const score = ([lead, count]: readonly [BatchSymbol, number]): number =>
    lead === UNNAMED ? count - 0.5 : count;
  const [most] = [...counts].sort((a, b) => score(b) - score(a));
  return most?.[0] ?? null;
}

/** An unnamed leading dimension is taken for the batch as well. */
function isBatched(input: NamedInput, symbol: BatchSymbol | null): boolean {
  const lead = leadOf(input);
  if (lead === undefined) return false;
  if (symbol === null) return input.dims.length > 1;
  return lead === symbol || lead === UNNAMED;
}

interface DimSizes {
  /** Given with `--dim`. */
  readonly asked: ReadonlyMap<string, number>;
  /** Filled with those that were used. */
  readonly used: Map<string, number>;
}

function batchOf(
  inputs: readonly NamedInput[],
  symbol: BatchSymbol | null,
  sizes: DimSizes,
): 'free' | number {
  const batched = inputs.filter((input) => isBatched(input, symbol));
  return symbol === null ? fixedBatch(batched) : askedBatch(batched, sizes);
}

/** The size that `--dim` gives to the batch, under whichever of its names. */
function askedBatch(batched: readonly NamedInput[], { asked, used }: DimSizes): 'free' | number {
  for (const { dims } of batched) {
    const size = asked.get(String(dims[0]));
    if (size !== undefined) used.set(String(dims[0]), size);
  }
  const [first] = used;
  if (first === undefined) return 'free';
  const [name, size] = first;
  const other = [...used].find(([, otherSize]) => otherSize !== size);
  if (other !== undefined) {
    throw new UsageError(`--dim ${name}=${size} and --dim ${other.join('=')}: both are the batch`, {
      remedy: 'give one size for the batch',
    });
  }
  return size;
}

function fixedBatch(batched: readonly NamedInput[]): number {
  const [first] = batched;
  if (first === undefined) return 1;
  const other = batched.find((input) => input.dims[0] !== first.dims[0]);
  if (other !== undefined) {
    throw new UserError(
      `the inputs' leading dimensions are fixed to different sizes: ${shapeOf(first)} and ${shapeOf(other)}`,
      { remedy: 'export the model with a symbolic batch dimension' },
    );
  }
  const size = Number(first.dims[0]);
  if (size < 1) {
    throw new UserError(`input ${shapeOf(first)} has room for no sample`, {
      remedy: 'export the model with a symbolic batch dimension',
    });
  }
  return size;
}

function shapeOf(input: NamedInput): string {
  return `'${input.name}' [${input.dims.join(', ')}]`;
}

function checkDimNames(inputs: readonly NamedInput[], given: ReadonlyMap<string, number>): void {
  const known = new Set(
    inputs.flatMap((input) => input.dims.filter((dim) => typeof dim === 'string')),
  );
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    throw new UsageError(`--dim ${name}: the model has no symbolic dimension '${name}'`, {
      remedy: known.size === 0 ? 'all its dimensions are fixed' : `it has ${[...known].join(', ')}`,
    });
  }
}

function missingDimension(input: NamedInput, dim: string): UsageError {
  return new UsageError(`input ${shapeOf(input)} leaves '${dim}' open`, {
    remedy: `give its size, such as --dim ${dim}=128`,
  });
}

/** Symbolic dimensions beside the batch, each once, under the names that `--dim` takes. */
export function openDimensions(model: ModelDescription): string[] {
  const named = model.inputs.map(nameDimensions);
  const symbol = batchSymbol(named);
  const open = named.flatMap((input) => {
    const rest = isBatched(input, symbol) ? input.dims.slice(1) : input.dims;
    return rest.filter((dim) => typeof dim === 'string');
  });
  return [...new Set(open)];
}

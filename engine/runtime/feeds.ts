import { UserError } from '../base/errors.ts';
import type { ValueInfo } from './binding.ts';
import { dataClassOf, isDataOf, type Tensor, type Tensors } from './tensor.ts';

/**
 * Checks feeds against the model's inputs, so that a wrong one is named before it is
 * queued. O(inputs x rank): numbers are not looked at. Allocates nothing where they fit.
 */
export function checkFeeds(feeds: Tensors, inputs: readonly ValueInfo[]): void {
  if (!isRecord(feeds)) {
    throw new UserError('feeds must be an object of tensors by the names of inputs', {
      remedy: `the model's inputs are ${describeInputs(inputs)}`,
    });
  }
  for (const input of inputs) {
    const feed = feeds[input.name];
    if (feed === undefined) {
      throw new UserError(`input '${input.name}' is missing`, {
        remedy: `the model's inputs are ${describeInputs(inputs)}`,
      });
    }
    checkFeed(feed, input);
  }
  for (const name in feeds) if (!isInput(name, inputs)) throw unknownInput(name, inputs);
}

/** Callers in JavaScript pass anything. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isInput(name: string, inputs: readonly ValueInfo[]): boolean {
  for (const input of inputs) if (input.name === name) return true;
  return false;
}

function unknownInput(name: string, inputs: readonly ValueInfo[]): UserError {
  return new UserError(`the model has no input '${name}'`, {
    remedy: `its inputs are ${describeInputs(inputs)}`,
  });
}

function checkFeed(feed: Tensor, input: ValueInfo): void {
  if (!isRecord(feed) || !Array.isArray(feed.dims)) {
    throw new UserError(
      `input '${input.name}' must be a tensor {type, dims, data}, ${describeInput(input)}`,
    );
  }
  if (!fitsInput(feed, input)) {
    throw new UserError(
      `input '${input.name}' must be ${describeInput(input)}, not ${describeTensor(feed)}`,
    );
  }
  if (!isDataOf(feed.type, feed.data)) {
    throw new UserError(
      `input '${input.name}' is ${feed.type}, whose data must be ${dataClassOf(feed.type)}, not ${classOf(feed.data)}`,
    );
  }
  let elements = 1;
  for (const dim of feed.dims) elements *= dim;
  if (feed.data.length === elements) return;
  throw new UserError(
    `input '${input.name}' is ${describeTensor(feed)} but has ${feed.data.length} elements, not ${elements}`,
  );
}

function fitsInput({ type, dims }: Tensor, input: ValueInfo): boolean {
  if (type !== input.type || dims.length !== input.shape.length) return false;
  for (let axis = 0; axis < dims.length; axis += 1) {
    const dim = dims[axis] as number;
    const declared = input.shape[axis];
    const fits = typeof declared === 'number' ? dim === declared : isDimension(dim);
    if (!fits) return false;
  }
  return true;
}

function isDimension(dim: number): boolean {
  return Number.isSafeInteger(dim) && dim >= 0;
}

function classOf(data: unknown): string {
  return isRecord(data) ? data.constructor.name : typeof data;
}

function describeInputs(inputs: readonly ValueInfo[]): string {
  return inputs.map((input) => `'${input.name}' ${describeInput(input)}`).join(', ');
}

function describeInput(input: ValueInfo): string {
  return `${input.type}[${input.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

function describeTensor({ type, dims }: Tensor): string {
  return `${type}[${dims.join(', ')}]`;
}

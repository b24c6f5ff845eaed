import { UserError } from '../base/errors.ts';
import type { ValueInfo } from './binding.ts';
import { elementCount, type Tensor, type Tensors } from './tensor.ts';

/**
 * Checks feeds against the model's inputs, so that a wrong one is named before
 * it is queued. O(inputs x rank): the data is not looked at.
 */
export function checkFeeds(feeds: Tensors, inputs: readonly ValueInfo[]): void {
  for (const input of inputs) {
    const feed = feeds[input.name];
    if (feed === undefined) {
      throw new UserError(`input '${input.name}' is missing`, {
        remedy: `the model's inputs are ${describeInputs(inputs)}`,
      });
    }
    checkFeed(feed, input);
  }
  for (const name of Object.keys(feeds)) {
    if (!inputs.some((input) => input.name === name)) {
      throw new UserError(`the model has no input '${name}'`, {
        remedy: `its inputs are ${describeInputs(inputs)}`,
      });
    }
  }
}

function checkFeed(feed: Tensor, input: ValueInfo): void {
  const given = `${feed.type}[${feed.dims.join(', ')}]`;
  const fits =
    feed.type === input.type &&
    feed.dims.length === input.shape.length &&
    input.shape.every((dim, axis) => typeof dim === 'string' || dim === feed.dims[axis]);
  if (!fits) {
    throw new UserError(`input '${input.name}' must be ${describeInput(input)}, not ${given}`);
  }
  if (feed.data.length !== elementCount(feed.dims)) {
    throw new UserError(
      `input '${input.name}' is ${given} but has ${feed.data.length} elements, not ${elementCount(feed.dims)}`,
    );
  }
}

function describeInputs(inputs: readonly ValueInfo[]): string {
  return inputs.map((input) => `'${input.name}' ${describeInput(input)}`).join(', ');
}

function describeInput(input: ValueInfo): string {
  return `${input.type}[${input.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

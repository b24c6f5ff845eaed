import { expect, test } from 'vitest';
import {
  memoryEvents,
  residentRunBytes,
  type RunSettings,
} from '../../../../engine/graph/memory-plan/run-memory.ts';
import { sessionFacts } from '../../../support/session-facts.ts';

const MIB = 2 ** 20;
const { buffers } = sessionFacts();
const NOTHING_HELD = { packedBytes: 0, workspaceBytes: 0 };

function resident(settings: Partial<RunSettings>, held = NOTHING_HELD): number {
  const all = { batch: 1, arena: true, memPattern: true, ...settings };
  return residentRunBytes(buffers, all, held) / MIB;
}

test('a node takes for its outputs before its inputs are given back', () => {
  const order = memoryEvents(buffers, 1).map(({ kind, buffer }) => `${kind} ${buffer}`);
  expect(order).toEqual([
    'take 0',
    'take 1',
    'take 2',
    'give-back 1',
    'take 3',
    'give-back 0',
    'give-back 2',
    'give-back 3',
  ]);
});

test('without an arena it is what is alive at a time', () => {
  expect(resident({ arena: false, memPattern: false })).toBe(7);
});

test('without an arena the block of the pattern may be larger than what is alive', () => {
  // c lies behind a and b: its place is not moved when b goes. 4 + 2 + 1.
  expect(resident({ arena: false })).toBe(7);
});

test('an arena hands out each tensor where it fits best', () => {
  // a fills a region of 4 MiB; b, c and y lie one after the other in another of 4: y does
  // not go where b was, since the rest of 1 MiB is smaller.
  expect(resident({ memPattern: false })).toBe(7.5);
});

test('a pattern takes a block on top of the first run where no piece is large enough', () => {
  // The pieces are 4 MiB each: a block of 7 MiB is new.
  expect(resident({})).toBe(14.5);
});

test('weights that are packed already decide how large the next regions are', () => {
  const held = { packedBytes: 3 * MIB, workspaceBytes: 0 };
  // They fill the first region of 4 MiB, a the next of 4. A region of 8 holds b and c, and y
  // goes where b was.
  expect(resident({ memPattern: false }, held)).toBe(7);
  // That region is free after the run, and takes the block: 4 + 7.
  expect(resident({}, held)).toBe(11);
});

test('what kernels take for themselves comes on top', () => {
  const held = { packedBytes: 0, workspaceBytes: 5 * MIB };
  expect(resident({ memPattern: false }, held)).toBe(12.5);
  expect(resident({ arena: false, memPattern: false }, held)).toBe(12);
});

import { expect, test } from 'vitest';
import {
  memoryEvents,
  residentRunBytes,
  type RunSettings,
} from '../../../../engine/graph/memory-plan/run-memory.ts';
import type { SessionFacts } from '../../../../engine/graph/memory-plan/session-facts.ts';
import { sessionFacts } from '../../../support/session-facts.ts';
import { perSample } from './sketched-execution.ts';

const MIB = 2 ** 20;
/** MiB of the sketched session at batch 1. */
function resident(settings: Partial<RunSettings>, changes: Partial<SessionFacts> = {}): number {
  const all = { batch: 1, arena: true, memPattern: true, ...settings };
  return residentRunBytes(sessionFacts(changes), all) / MIB;
}

test('a node takes for its outputs before its inputs are given back', () => {
  const order = memoryEvents(sessionFacts(), 1).map(({ kind, buffer }) => `${kind} ${buffer}`);
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

test('a kernel works beside its inputs and its outputs', () => {
  const workspaces = [{ node: 1, size: perSample(MIB) }];
  const order = memoryEvents({ buffers: sessionFacts().buffers, workspaces }, 1);
  expect(order.slice(1, 5)).toEqual([
    { kind: 'take', buffer: 1, bytes: 2 * MIB },
    { kind: 'take', buffer: 4, bytes: MIB },
    { kind: 'give-back', buffer: 4 },
    { kind: 'take', buffer: 2, bytes: MIB },
  ]);
});

test('without an arena it is what is alive at a time', () => {
  expect(resident({ arena: false, memPattern: false })).toBe(7);
});

test('without an arena outputs and kernels’ work come on top of the pattern’s block', () => {
  // The block holds a, b and c; y has memory of its own.
  expect(resident({ arena: false })).toBe(7.5);
  const workspaces = [{ node: 3, size: perSample(3 * MIB) }];
  expect(resident({ arena: false }, { workspaces })).toBe(10.5);
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

test('a kernel’s work may need a region of its own, again beside the pattern’s block', () => {
  const workspaces = [{ node: 0, size: perSample(6 * MIB) }];
  // A region of 8 MiB is there for it, of which b, c and y take a part later: 4 + 6.
  expect(resident({ memPattern: false }, { workspaces })).toBe(10);
  // The block of 7 MiB takes that region: the work needs another one, 4 + 7 + 6.
  expect(resident({}, { workspaces })).toBe(17);
});

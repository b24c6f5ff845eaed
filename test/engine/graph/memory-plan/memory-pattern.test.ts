import { expect, test } from 'vitest';
import {
  memoryPatternBytes,
  type MemoryEvent,
} from '../../../../engine/graph/memory-plan/memory-pattern.ts';

/** `+0:40` takes 40 bytes for buffer 0, `-0` gives them back. */
function events(text: string): MemoryEvent[] {
  return text.split(' ').map((word) => {
    const [buffer = 0, bytes = 0] = word.slice(1).split(':').map(Number);
    return word.startsWith('+') ? { kind: 'take', buffer, bytes } : { kind: 'give-back', buffer };
  });
}

test('what lives at the same time lies side by side', () => {
  expect(memoryPatternBytes(events('+0:40 +1:30 -0 -1'))).toBe(70);
});

test('what is given back is used again', () => {
  expect(memoryPatternBytes(events('+0:40 -0 +1:30 -1'))).toBe(40);
});

test('of two gaps the one is taken that it fills best', () => {
  // Gaps of 50 and 20 in 50 10 20 10: 15 goes into the 20, then 50 into the 50.
  const text = '+0:50 +1:10 +2:20 +3:10 -0 -2 +4:15 +5:50';
  expect(memoryPatternBytes(events(text))).toBe(90);
});

test('a gap that is too small makes the block larger', () => {
  expect(memoryPatternBytes(events('+0:20 +1:10 -0 +2:30'))).toBe(60);
});

test('a run that takes nothing has no block', () => {
  expect(memoryPatternBytes(events('+0:0 -0'))).toBe(0);
});

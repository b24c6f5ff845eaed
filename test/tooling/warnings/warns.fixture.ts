import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';

test('leaks listeners, and passes but for that', () => {
  const emitter = new EventEmitter();
  for (let count = 0; count < 11; count += 1) emitter.on('event', () => undefined);
  expect(emitter.listenerCount('event')).toBe(11);
});

test('is quiet', () => {
  expect(1 + 1).toBe(2);
});

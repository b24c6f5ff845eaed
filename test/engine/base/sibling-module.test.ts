import { describe, expect, it } from 'vitest';
import { siblingModule } from '../../../engine/base/sibling-module.ts';

describe('siblingModule', () => {
  it.each([
    ['file:///app/engine/pool.ts', './worker', 'file:///app/engine/worker.ts'],
    ['file:///app/dist/engine/pool.js', './worker', 'file:///app/dist/engine/worker.js'],
    ['file:///a%20b/engine/pool.ts', '../trial/child', 'file:///a%20b/trial/child.ts'],
  ])('beside %s, %s is %s', (module, specifier, expected) => {
    expect(siblingModule(module, specifier).href).toBe(expected);
  });
});

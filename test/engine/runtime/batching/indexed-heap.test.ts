import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import { IndexedHeap, type HeapItem } from '../../../../engine/runtime/batching/indexed-heap.ts';

interface Item extends HeapItem {
  readonly value: number;
}

function item(value: number): Item {
  return { heapIndex: -1, value };
}

function createHeap(): IndexedHeap<Item> {
  return new IndexedHeap((a, b) => a.value < b.value);
}

function drain(heap: IndexedHeap<Item>): number[] {
  const values: number[] = [];
  for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
    values.push(first.value);
    heap.remove(first);
  }
  return values;
}

describe('IndexedHeap', () => {
  it('is empty at first and when everything was removed', () => {
    const heap = createHeap();
    expect(heap.peek()).toBeUndefined();
    const only = item(1);
    heap.push(only);
    heap.remove(only);
    expect(heap.peek()).toBeUndefined();
    expect(only.heapIndex).toBe(-1);
  });

  it.each([1, 2, 3, 4])('keeps the order when items leave from anywhere: seed %d', (seed) => {
    const random = createRandom(seed);
    const items = random.shuffled(Array.from({ length: 200 }, (_, value) => item(value)));
    const heap = createHeap();
    for (const each of items) heap.push(each);
    const gone = new Set(random.shuffled(items).slice(0, 90));
    for (const each of gone) heap.remove(each);
    const kept = items.filter((each) => !gone.has(each)).map((each) => each.value);
    expect(drain(heap)).toEqual(kept.toSorted((a, b) => a - b));
  });

  it('leaves an item alone that is in another heap, at the same place', () => {
    const [mine, others] = [createHeap(), createHeap()];
    const [a, b] = [item(1), item(2)];
    mine.push(a);
    others.push(b);
    mine.remove(b);
    expect(mine.peek()).toBe(a);
    expect(others.peek()).toBe(b);
    expect(b.heapIndex).toBe(0);
  });

  it('ignores the second removal', () => {
    const heap = createHeap();
    const [a, b] = [item(1), item(2)];
    heap.push(a);
    heap.push(b);
    heap.remove(a);
    heap.remove(a);
    expect(drain(heap)).toEqual([2]);
  });
});

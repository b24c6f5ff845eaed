/** What a heap needs to find an item again: the heap writes it, everyone else leaves it alone. */
export interface HeapItem {
  /** Place in the heap that holds the item; -1 where none does. */
  heapIndex: number;
}

/**
 * A binary heap whose items can be removed from anywhere. An item is in one heap at
 * a time. `before` must be a strict total order, so that the order of removal does
 * not depend on the order of insertion.
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  /** The first item, or undefined. O(1). */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** O(log n). */
  push(item: T): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  /**
   * Takes the item out, also where its order changed since it came in; nothing happens
   * where it is in no heap or in another one. O(log n).
   */
  remove(item: T): void {
    const index = item.heapIndex;
    if (this.#items[index] !== item) return;
    const last = this.#items.pop() as T;
    item.heapIndex = -1;
    if (last === item) return;
    this.#put(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: T): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1] as T;
      if (!this.#before(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    while (true) {
      const left = this.#items[2 * item.heapIndex + 1];
      if (left === undefined) return;
      const right = this.#items[2 * item.heapIndex + 2];
      const child = right !== undefined && this.#before(right, left) ? right : left;
      if (!this.#before(child, item)) return;
      this.#swap(child, item);
    }
  }

  #swap(a: T, b: T): void {
    const index = a.heapIndex;
    this.#put(a, b.heapIndex);
    this.#put(b, index);
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CollectionWatch {
  /** What was spent since the watch began. */
  stop(): Promise<{ readonly gcMs: number; readonly collections: number }>;
}

/** Counts the garbage collections of this thread. */
export function watchCollections(): CollectionWatch {
  let [gcMs, collections] = [0, 0];
  const add = (entries: readonly PerformanceEntry[]): void => {
    collections += entries.length;
    for (const entry of entries) gcMs += entry.duration;
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    stop: async () => {
      // Entries are queued in a later turn than the collection.
      await sleep(10);
      add(observer.takeRecords());
      observer.disconnect();
      return { gcMs, collections };
    },
  };
}

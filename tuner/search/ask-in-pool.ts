import { Piscina } from 'piscina';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { AskSetting, AskTask } from './ask-worker.ts';
import type { Ask, Recommendation } from './searcher.ts';

/** A searcher in a thread of its own: scoring 20,000 arms leaves the main thread free. */
export interface PooledSearcher {
  ask(task: AskTask): Promise<Ask>;
  recommend(task: AskTask): Promise<Recommendation | null>;
  /** Ends the thread; may be called again. */
  close(): Promise<void>;
}

/**
 * Opens a searcher of the registry for one run. The arms and what other hosts found go
 * to the thread once, records with each question.
 */
export function openPooledSearcher(setting: AskSetting): PooledSearcher {
  const { space, ...rest } = setting.problem;
  // Plain values only: what else an arm carries stays here.
  const arms = space.arms.map(({ key, values }) => ({ key, values }));
  const { key, values } = space.defaultArm;
  const plain = { knobs: space.knobs, defaultArm: { key, values }, arms };
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './ask-worker').href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    workerData: {
      searcher: setting.searcher,
      problem: { space: plain, ...rest },
    } satisfies AskSetting,
    recordTiming: false,
  });
  return {
    ask: (task) => pool.run(task, { name: 'ask' }) as Promise<Ask>,
    recommend: (task) => pool.run(task, { name: 'recommend' }) as Promise<Recommendation | null>,
    close: () => pool.destroy(),
  };
}

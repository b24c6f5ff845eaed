import { Piscina } from 'piscina';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { AskSetting, AskTask } from './ask-worker.ts';
import type { Ask, Recommendation, SearchArm, SearchSpace } from './searcher.ts';

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
  const { searcher, problem } = setting;
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './ask-worker').href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    workerData: {
      searcher,
      problem: { ...problem, space: plainSpace(problem.space) },
    } satisfies AskSetting,
    recordTiming: false,
  });
  return {
    ask: (task) => pool.run(task, { name: 'ask' }) as Promise<Ask>,
    recommend: (task) => pool.run(task, { name: 'recommend' }) as Promise<Recommendation | null>,
    close: () => pool.destroy(),
  };
}

/** What a searcher sees of a space: the config that an arm carries too stays here. */
function plainSpace({ knobs, defaultArm, arms }: SearchSpace): SearchSpace {
  return { knobs, defaultArm: plainArm(defaultArm), arms: arms.map(plainArm) };
}

function plainArm({ key, values }: SearchArm): SearchArm {
  return { key, values };
}

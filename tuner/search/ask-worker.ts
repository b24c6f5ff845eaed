import { workerData } from 'node:worker_threads';
import { findSearcher } from './registry.ts';
import type { Ask, Recommendation, SearchProblem } from './searcher.ts';

/** What stays the same over a run: it goes to the worker once. */
export interface AskSetting {
  readonly searcher: string;
  readonly problem: Pick<SearchProblem, 'space' | 'sought' | 'constraints' | 'priors' | 'seed'>;
}

/** What a question adds. */
export type AskTask = Pick<SearchProblem, 'records' | 'budget'>;

const setting = workerData as AskSetting;
const searcher = findSearcher(setting.searcher);
if (searcher === undefined) throw new Error(`no searcher is called ${setting.searcher}`);

export function ask(task: AskTask): Ask | undefined {
  return searcher?.ask({ ...setting.problem, ...task });
}

export function recommend(task: AskTask): Recommendation | null | undefined {
  return searcher?.recommend({ ...setting.problem, ...task });
}

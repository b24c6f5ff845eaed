import type { PoolStatistics } from '../memory/pool-statistics.ts';
import type { BatchAxis } from './batching/batch-axis.ts';
import type { BatcherStats } from './batching/batcher-stats.ts';
import type { ReplicaCounts } from './replica-set.ts';

/** What an engine is and has done since it was opened. */
export interface EngineStats {
  /** Replicas in each state now. */
  readonly replicas: ReplicaCounts;
  /** Processes that were started anew and became ready. */
  readonly restarts: number;
  /** Processes besides this one that hold sessions now. */
  readonly pids: readonly number[];
  /** Requests, batches and how they ended. */
  readonly requests: BatcherStats;
  /** Whether requests can be merged, and why not. */
  readonly batchAxis: BatchAxis;
  /** The pool of merged feeds and of `Engine.allocate`. */
  readonly pool: PoolStatistics;
  /** Merged feeds that found no memory in the pool and were copied once more instead. */
  readonly poolRefusals: number;
}

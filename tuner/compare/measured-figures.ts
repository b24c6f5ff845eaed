import type { Percentile } from '../run-record.ts';
import type { Energy } from './cost.ts';

/** What is known of one configuration beside its throughput, from one session or several. */
export interface MeasuredFigures {
  readonly latencyMs: Readonly<Record<Percentile, number>>;
  /** Whether there were enough requests to certify p99. */
  readonly certified: boolean;
  readonly memoryBytes: number;
  readonly energy: Energy;
  /** Null where the data has no labels. */
  readonly accuracy: number | null;
  readonly trials: number;
}

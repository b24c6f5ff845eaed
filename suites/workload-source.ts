import type { WorkloadRecord } from './workload-record.ts';

/** A model with data to drive it, not yet known to run. */
export interface WorkloadSource {
  readonly modelPath: string;
  readonly datasetFolder: string;
  readonly data: WorkloadRecord['data'];
  readonly dims: Readonly<Record<string, number>>;
  readonly batch: 'free' | number;
  readonly labelled: number;
  readonly notes: readonly string[];
}

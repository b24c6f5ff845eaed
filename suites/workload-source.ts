import type { WorkloadRecord } from './workload-record.ts';

/** A model with data to drive it, not yet known to run. */
export interface WorkloadSource {
  readonly modelPath: string;
  readonly datasetFolder: string;
  /** Samples for calibration that are none of the others; null: some of the data is set aside. */
  readonly calibrationFolder: string | null;
  readonly data: WorkloadRecord['data'];
  readonly dims: Readonly<Record<string, number>>;
  readonly batch: 'free' | number;
  readonly samples: number;
  /** Of them those that have a label. */
  readonly labelled: number;
  readonly notes: readonly string[];
}

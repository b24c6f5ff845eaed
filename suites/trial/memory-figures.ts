import { groupPeakBytes } from '../../engine/devices/process-memory.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { engineMemory } from './engine-processes.ts';

/** Read on the way to the load; bytes. */
type EarlierMemory = Pick<
  TrialMetrics['memory'],
  'startBytes' | 'runtimeBytes' | 'createdBytes' | 'firstInferenceBytes'
>;

/** Memory phase by phase, all processes of the engine together; to be called when the load has ended. */
export function memoryFigures(
  files: SystemFiles,
  pids: readonly number[],
  earlier: EarlierMemory,
): TrialMetrics['memory'] {
  const { startBytes, runtimeBytes, createdBytes, firstInferenceBytes } = earlier;
  const end = engineMemory(files, pids);
  return {
    measure: end.measure,
    startBytes,
    runtimeBytes,
    createdBytes,
    firstInferenceBytes,
    endBytes: end.bytes,
    peakBytes: end.peakBytes,
    groupPeakBytes: groupPeakBytes(files),
  };
}

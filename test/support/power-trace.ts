import type { SensorTrace } from '../../hosts/power/power-trace.ts';

/** What a board's sensor recorded once a second, with these differences. */
export function powerTrace(differences: Partial<SensorTrace> = {}): SensorTrace {
  return {
    id: 'fake:board',
    kind: 'fake',
    scope: 'board',
    quality: 'sampled',
    intervalMs: 1000,
    leastPeriodMs: 100,
    samples: [],
    failures: [],
    failureCount: 0,
    lastFailure: null,
    ...differences,
  };
}

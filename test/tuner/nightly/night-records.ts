import type {
  NightJob,
  NightMeasurement,
  NightRecord,
} from '../../../tuner/nightly/night-record.ts';

/** Hand-made nights: nothing is measured. */

export function measurement(changes: Partial<NightMeasurement> = {}): NightMeasurement {
  return {
    benchId: 'bench-1',
    logRatios: [0.01, -0.01],
    controlLevel: 100,
    candidateLevel: 100,
    lost: 0,
    broken: [],
    ...changes,
  };
}

export function nightJob(changes: Partial<NightJob> = {}): NightJob {
  const side = {
    target: 'inspection',
    modelSha256: 'aaaaaaaaaa',
    artifactSha256: 'bbbbbbbbbb',
    armKey: 'fp32/none/all',
    tuned: null,
  };
  return {
    name: 'detector',
    metric: 'throughput',
    startedAt: '2026-01-01T02:00:00.000Z',
    setup: { seriesKey: 'series', control: side, candidate: side, retuned: false },
    first: measurement(),
    second: null,
    verdict: { kind: 'ok', note: 'steady', change: 0 },
    baseline: null,
    changePoints: [],
    environment: { governor: 'performance' },
    upgrade: null,
    ...changes,
  };
}

/** The night of a day of January 2026 (or later: 32 is the first of February). */
export function nightRecord(day: number, changes: Partial<NightRecord> = {}): NightRecord {
  const startedAt = new Date(Date.UTC(2026, 0, day, 2)).toISOString();
  return {
    schema: 'openclaw.night/1',
    id: `${startedAt.slice(0, 10).replaceAll('-', '')}-020000`,
    startedAt,
    finishedAt: startedAt,
    state: 'finished',
    owner: { hostName: 'here', pid: 1, startTicks: '2' },
    plan: { path: '/plans/nightly.yaml', sha256: 'cccccccccc' },
    host: { key: 'host', name: 'here', cpu: 'Fake CPU', kernel: 'linux 6' },
    versions: { openclaw: '0.1.0', node: 'v24', onnxruntime: '1.30.0' },
    jobs: [nightJob({ startedAt })],
    ...changes,
  };
}

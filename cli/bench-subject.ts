import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import type { BenchRecord } from '../suites/bench-record.ts';
import { describeScenario, loadShape } from '../suites/scenarios/scenario.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { describeConfig } from './results.ts';

/** What was measured, and what is to know about it. */
export function headLines({ workload }: BenchRecord, trial: TrialRecord): string[] {
  return [
    `${workload.model.name}: ${configText(trial.config)}`,
    `  ${scenarioText(workload, trial)}`,
    ...workloadLines(workload),
  ];
}

export function workloadLines({ data, notes }: BenchRecord['workload']): string[] {
  return [
    ...(data.kind === 'random' ? [`  ${data.description}`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}

/** Whatever makes one arm differ from another. */
export function configText(config: EngineConfig): string {
  const { affinity, sessionEntries } = config;
  return [
    describeConfig(config),
    ...(affinity === null ? [] : [`affinity ${affinity}`]),
    ...Object.entries(sessionEntries).map(([key, value]) => `${key}=${value}`),
  ].join(', ');
}

export function scenarioText({ batch }: BenchRecord['workload'], trial: TrialRecord): string {
  return describeScenario(
    trial.scenario,
    loadShape(trial.scenario, trial.config, batch === 'free'),
  );
}

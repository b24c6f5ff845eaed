import { systemFiles } from '../../../../engine/devices/system-files.ts';
import type { EngineConfig } from '../../../../engine/runtime/engine-config.ts';
import type { Scenario } from '../../../../suites/scenarios/scenario.ts';
import { isTransient } from '../../../../suites/trial-findings.ts';
import type { TrialMetrics } from '../../../../suites/trial-record.ts';
import { runTrial, type TrialOutcome } from '../../../../suites/trial/run-trial.ts';
import { certifyingProtocol } from '../../../../suites/trial/trial-spec.ts';

export interface ServedModel {
  readonly modelPath: string;
  readonly datasetFolder: string;
}

export interface ServeOnce {
  readonly config: EngineConfig;
  readonly model: ServedModel;
  readonly ratePerSecond: number;
  readonly signal: AbortSignal;
}

const MEASURE_MS = 2000;
/** The generator of a busy machine is late: patience, or there is no benchmark. */
const ATTEMPTS = 6;
const QUIET_MS = 10_000;

/** One trial in `server`, repeated where the machine disturbed it. */
export async function untilMeasured(options: ServeOnce): Promise<TrialMetrics> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await serve(options);
    if (outcome.state === 'completed') return outcome.metrics;
    if (attempt === ATTEMPTS || !isDisturbed(outcome)) {
      throw new Error(`a trial of batch ${options.config.batch.maxSize}: ${endOf(outcome)}`);
    }
  }
}

function serve({ config, model, ratePerSecond, signal }: ServeOnce): Promise<TrialOutcome> {
  const scenario: Scenario = { name: 'server', ratePerSecond, bound: null };
  const spec = { goldenFolder: null, seed: 1, evaluationCount: 0, idleMs: 0 };
  const protocol = certifyingProtocol(MEASURE_MS, scenario);
  return runTrial(
    { ...spec, ...model, config, scenario, protocol },
    { files: systemFiles(), timeoutMs: 120_000, signal, quietWaitMs: QUIET_MS },
  );
}

function isDisturbed(outcome: TrialOutcome): boolean {
  return outcome.state === 'invalid' && outcome.reasons.every(isTransient);
}

function endOf(outcome: TrialOutcome): string {
  return outcome.state === 'invalid' ? JSON.stringify(outcome.reasons) : JSON.stringify(outcome);
}

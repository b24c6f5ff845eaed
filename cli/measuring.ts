import { systemClock } from '../engine/base/clock.ts';
import { packageVersion } from '../engine/base/package-info.ts';
import { describeCpu } from '../engine/devices/cpu.ts';
import { integerKernels } from '../engine/devices/integer-kernels.ts';
import { systemFiles } from '../engine/devices/system-files.ts';
import { usableCores } from '../engine/devices/usable-cores.ts';
import { runtimeVersion } from '../engine/runtime/binding.ts';
import { defaultEngineConfig, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { readHottest } from '../hosts/profile/thermal.ts';
import type { PowerSensor } from '../hosts/power/power-sensor.ts';
import { describeHost } from '../hosts/this-host.ts';
import type { WorkloadOptions } from '../suites/prepare-workload.ts';
import type { ProbeTrial } from '../suites/probe-workload.ts';
import type { TrialSpec } from '../suites/trial/trial-spec.ts';
import { runTrial, type RunTrialOptions } from '../suites/trial/run-trial.ts';
import { artifactOf, type WorkloadRecord } from '../suites/workload-record.ts';
import type { MeasureArm } from '../tuner/run-log.ts';
import type { RunRecord } from '../tuner/run-record.ts';

/** The real machine, wired for the commands that measure. */
export const machine = Object.freeze({ clock: systemClock, files: systemFiles() });

export function thisHost(): RunRecord['host'] {
  return describeHost(machine.files);
}

export function versions(): RunRecord['versions'] {
  return {
    openclaw: packageVersion(),
    node: process.version,
    onnxruntime: runtimeVersion(),
  };
}

/** How variants are made for this machine, and on how many cores. */
export function variantSettings(): Pick<WorkloadOptions, 'kernels' | 'threads'> {
  const { files } = machine;
  return { kernels: integerKernels(describeCpu(files)), threads: usableCores(files) };
}

const PROBE_TIMEOUT_MS = 300_000;

/** What is left out to see whether a model runs at all. */
const PLAIN = {
  goldenFolder: null,
  scenario: { name: 'closed-loop' },
  seed: 1,
  idleMs: 0,
} as const;

/** Tries the default configuration at a batch size, in a process of its own. */
export function probeOn(signal: AbortSignal): ProbeTrial {
  return ({ batchSize, ...request }) => {
    const config = defaultEngineConfig(usableCores(machine.files));
    const batch = { ...config.batch, maxSize: batchSize };
    const options = { timeoutMs: PROBE_TIMEOUT_MS, signal, files: machine.files };
    return runTrial({ ...request, ...PLAIN, config: { ...config, batch } }, options);
  };
}

/** How long a trial waits for a quiet machine: little while searching, where drift is paired away. */
const SEARCH_QUIET_MS = 1000;

/** What every trial waits for: a machine no hotter than when the work began. */
export function startingTemperature(): Pick<RunTrialOptions, 'referenceCelsius'> {
  const hottest = readHottest(machine.files);
  return hottest.state === 'known' ? { referenceCelsius: hottest.value.celsius } : {};
}

/** Measures arms of a workload for a tuning run, each in a fresh process. */
export function measureOn(
  workload: WorkloadRecord,
  around: { readonly signal: AbortSignal; readonly sensors: readonly PowerSensor[] },
): MeasureArm {
  const { signal, sensors } = around;
  const heat = startingTemperature();
  return (arm, { scenario, protocol, seed, timeoutMs }) =>
    runTrial(
      {
        ...trialTarget(workload, arm.config),
        config: arm.config,
        protocol,
        // How requests arrive changes no answer.
        evaluationCount: scenario.name === 'server' ? 0 : workload.evaluationCount,
        scenario,
        seed: seed ?? workload.seed,
        idleMs: 0,
      },
      {
        timeoutMs,
        signal,
        sensors,
        files: machine.files,
        quietWaitMs: SEARCH_QUIET_MS,
        ...heat,
      },
    );
}

/** The files that a trial of a config reads. */
export function trialTarget(
  workload: WorkloadRecord,
  config: EngineConfig,
): Pick<TrialSpec, 'modelPath' | 'datasetFolder' | 'goldenFolder'> {
  const { path, golden } = artifactOf(workload, config);
  return { modelPath: path, datasetFolder: workload.dataset, goldenFolder: golden };
}

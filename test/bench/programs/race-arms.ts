import { createRandom } from '../../../engine/base/random.ts';
import { ratioInterval, type Estimate } from '../../../engine/base/statistics.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import type { EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { runTrial } from '../../../suites/trial/run-trial.ts';
import { trialProtocol } from '../../../suites/trial/trial-spec.ts';

export interface RacedArm {
  readonly name: string;
  readonly modelPath: string;
  readonly config: EngineConfig;
}

export interface RaceOptions {
  readonly datasetFolder: string;
  /** Each arm runs once a round, in an order drawn for the round, in a process of its own. */
  readonly rounds: number;
  readonly trialMs: number;
  readonly signal: AbortSignal;
}

/** Throughput of each arm over that of the first; the unit of the interval is the round. */
export async function raceArms(
  arms: readonly RacedArm[],
  options: RaceOptions,
): Promise<{ readonly name: string; readonly qps: number; readonly ratio: Estimate }[]> {
  const random = createRandom(1, 'race');
  const logQps = arms.map((): number[] => []);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const index of random.shuffled([...arms.keys()])) {
      const arm = arms[index] as RacedArm;
      logQps[index]?.push(Math.log(await throughputOf(arm, options)));
    }
  }
  const [base = []] = logQps;
  return arms.map(({ name }, index) => {
    const own = logQps[index] ?? [];
    const differences = own.map((value, round) => value - (base[round] ?? 0));
    const qps = Math.exp(own.reduce((sum, value) => sum + value, 0) / own.length);
    return { name, qps, ratio: ratioInterval(differences, 0.95) };
  });
}

/** Samples a second in the closed loop of the search. */
async function throughputOf(arm: RacedArm, options: RaceOptions): Promise<number> {
  const outcome = await runTrial(
    {
      modelPath: arm.modelPath,
      datasetFolder: options.datasetFolder,
      goldenFolder: null,
      config: arm.config,
      scenario: { name: 'closed-loop' },
      seed: 1,
      protocol: trialProtocol(options.trialMs),
      evaluationCount: 0,
      idleMs: 0,
    },
    { files: systemFiles(), timeoutMs: 120_000, signal: options.signal, quietWaitMs: 2000 },
  );
  if (outcome.state !== 'completed') throw new Error(`${arm.name}: ${outcome.state}`);
  return outcome.metrics.qps;
}

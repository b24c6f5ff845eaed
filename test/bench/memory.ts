import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { observeSession } from '../../engine/artifacts/session-memory/observe-session.ts';
import { formatBytes } from '../../engine/base/units.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { planMemory } from '../../engine/graph/memory-plan/plan-memory.ts';
import {
  isWithinTolerance,
  predictReplicas,
  predictSession,
} from '../../engine/graph/memory-plan/predict-session.ts';
import type { SessionFacts } from '../../engine/graph/memory-plan/session-facts.ts';
import { bytesAt } from '../../engine/graph/memory-plan/size-law.ts';
import { runChildTask } from '../../engine/runtime/child-task.ts';
import { defaultEngineConfig, type EngineConfig } from '../../engine/runtime/engine-config.ts';
import { openDataset } from '../../suites/data/dataset.ts';
import { runTrial } from '../../suites/trial/run-trial.ts';
import { trialProtocol } from '../../suites/trial/trial-spec.ts';
import { report } from './aim.ts';
import { memoryCases, writeNoise, type MemoryCase } from './programs/memory-models.ts';

// What sessions take, predicted from one observation at batches 1 and 2 and measured in
// trials (`npm run bench:memory`): every model in fp32 and int8 at several batches, two
// replicas, and what reuse saves beside the growth of a real arena. Memory is not
// disturbed by what else the machine does. With a folder the models are kept there.
const OPTIONS = { timeoutMs: 600_000, signal: new AbortController().signal };
/** Runs of a session whose arena is looked at; their outputs stay with the caller. */
const ARENA_RUNS = 3;
const [kept] = process.argv.slice(2);
const folder = kept ?? mkdtempSync(join(tmpdir(), 'claw-memory-'));
try {
  const cases = await memoryCases(folder, (text) => console.log(`  ${text}`));
  for (const one of cases) {
    const facts = await observe(one);
    console.log(
      `${one.name}: weights ${formatBytes(facts.weightsBytes)}, packed ${formatBytes(facts.packedBytes)}, created ${formatBytes(facts.createdBytes)}, at most ${formatBytes(facts.createPeakBytes)}`,
    );
    for (const batch of one.batches) await compareTrial(one, facts, { batch, replicas: 1 });
    await compareTrial(one, facts, { batch: 8, replicas: 2 });
    await compareArena(one, facts, Math.max(...one.batches));
  }
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}

async function observe({ modelPath, input }: MemoryCase): Promise<SessionFacts> {
  const dataset = await openDataset(await writeNoise(folder, { input, rows: 2 }));
  try {
    const requests = [
      { batch: 1, feeds: await dataset.read(0, 1) },
      { batch: 2, feeds: await dataset.read(0, 2) },
    ] as const;
    return await observeSession({ modelPath, graphLevel: 'all', requests }, OPTIONS);
  } finally {
    await dataset.close();
  }
}

/** Data for one request: a trial prepares no others. */
async function compareTrial(
  { name, modelPath, input }: MemoryCase,
  facts: SessionFacts,
  { batch, replicas }: { readonly batch: number; readonly replicas: number },
): Promise<void> {
  const config = configOf(batch, replicas);
  const { arena, memPattern } = config;
  const threads = replicas > 1;
  const predicted = predictReplicas(facts, { replicas, threads, batch, arena, memPattern });
  const datasetFolder = await writeNoise(folder, { input, rows: batch });
  const measured = await sessionBytes(modelPath, { datasetFolder, config });
  report(`${name} at batch ${batch}${replicas > 1 ? `, ${replicas} replicas` : ''}: predicted`, {
    value: predicted / 2 ** 20,
    unit: `MiB, measured ${formatBytes(measured)}, ${(100 * (predicted / measured - 1)).toFixed(0)} %`,
    aim: 'within 25 % or 8 MiB',
    met: isWithinTolerance(predicted, measured),
  });
}

function configOf(batch: number, replicas: number): EngineConfig {
  const config = defaultEngineConfig(usableCores(systemFiles()));
  return {
    ...config,
    replicas,
    ...(replicas > 1 ? { isolation: 'thread' as const, intraOpThreads: 1, spinning: false } : {}),
    batch: { maxSize: batch, maxDelayMs: 0 },
  };
}

async function sessionBytes(
  modelPath: string,
  { datasetFolder, config }: { readonly datasetFolder: string; readonly config: EngineConfig },
): Promise<number> {
  const outcome = await runTrial(
    {
      modelPath,
      datasetFolder,
      goldenFolder: null,
      config,
      scenario: { name: 'closed-loop' },
      seed: 1,
      protocol: trialProtocol(300),
      evaluationCount: 0,
      idleMs: 0,
    },
    { ...OPTIONS, files: systemFiles() },
  );
  if (outcome.state === 'completed') return outcome.metrics.sessionBytes;
  // A restless machine makes times invalid, not memory.
  const evidence = outcome.state === 'invalid' ? outcome.evidence : null;
  if (evidence === null) throw new Error(`${modelPath}: ${outcome.state}`);
  return evidence.metrics.sessionBytes;
}

async function compareArena(one: MemoryCase, facts: SessionFacts, batch: number): Promise<void> {
  const { peakBytes, withoutReuseBytes } = planMemory(facts, batch);
  console.log(
    `  ${one.name} at batch ${batch}: tensors ${formatBytes(peakBytes)} with reuse, ${formatBytes(withoutReuseBytes)} without`,
  );
  for (const memPattern of [false, true]) {
    const { activationBytes } = predictSession(facts, { batch, arena: true, memPattern });
    const predicted = activationBytes + ARENA_RUNS * bytesAt(facts.outputs, batch);
    const grownBytes = await arenaGrowth(one, { batch, memPattern });
    report(`  ${one.name}: growth of the arena ${memPattern ? 'with' : 'without'} pattern`, {
      value: predicted / 2 ** 20,
      unit: `MiB predicted, ${formatBytes(grownBytes)} measured`,
      aim: 'within 25 % or 8 MiB, and below no reuse',
      met: isWithinTolerance(predicted, grownBytes) && grownBytes < 1.1 * withoutReuseBytes,
    });
  }
}

async function arenaGrowth(
  { modelPath, input }: MemoryCase,
  settings: { readonly batch: number; readonly memPattern: boolean },
): Promise<number> {
  const program = new URL('./programs/memory-arena-process.ts', import.meta.url);
  const end = await runChildTask(
    program,
    { modelPath, input, runs: ARENA_RUNS, ...settings },
    OPTIONS,
  );
  const { grownBytes } = end.reply as { readonly grownBytes: number };
  return grownBytes;
}

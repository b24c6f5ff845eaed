import { durationWord } from '../engine/base/units.ts';
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { UserError } from '../engine/base/errors.ts';
import { sha256OfFile } from '../engine/base/files.ts';
import { parseAs } from '../engine/base/json.ts';
import { constraintWords } from '../tuner/constraint.ts';
import { readTuned, type Tuned } from '../tuner/export/tuned.ts';
import type { JobNight } from '../tuner/nightly/job-history.ts';
import type { FixedConfig, JobCandidate, NightlyJob } from '../tuner/nightly/nightly-plan.ts';
import { mustTune, type RetunePolicy, type TuningFacts } from '../tuner/nightly/retune-policy.ts';
import { thisHost, versions } from './measuring.ts';
import { clawCommand } from './nightly-command.ts';
import type { MeasuringSurroundings } from './prepare-configs.ts';

type Budgeted = Extract<JobCandidate, { kind: 'budget' }>;

export interface SettledConfig {
  readonly config: FixedConfig;
  readonly retuned: boolean;
}

/** What a job runs tonight: tuned now, where it is tuned by the plan and the policy says so. */
export async function settleConfig(
  job: NightlyJob,
  options: { readonly retune: RetunePolicy; readonly past: readonly JobNight[] },
  around: MeasuringSurroundings,
): Promise<SettledConfig> {
  const { candidate } = job;
  if (candidate.kind !== 'budget') return { config: candidate, retuned: false };
  const kept = await keptTuning(candidate, options.past);
  const state = {
    tuned: kept?.facts ?? null,
    now: {
      modelSha256: kept?.modelNow ?? '',
      runtime: versions().onnxruntime,
      hostKey: thisHost().key,
    },
    nightsSince: kept?.nightsSince ?? 0,
  };
  if (kept !== null && !mustTune(options.retune, state)) {
    return { config: { kind: 'tuned', path: kept.path }, retuned: false };
  }
  around.progress.step(`${job.name}: tuning`);
  return { config: { kind: 'tuned', path: await tune(job, candidate, around) }, retuned: true };
}

interface KeptTuning {
  readonly path: string;
  readonly facts: TuningFacts;
  readonly modelNow: string;
  readonly nightsSince: number;
}

/** The last tuning of this job; null when there is none of this target that can be read. */
async function keptTuning(
  { workload }: Budgeted,
  past: readonly JobNight[],
): Promise<KeptTuning | null> {
  const last = past.findLast(({ job }) => (job.setup?.candidate.tuned ?? null) !== null);
  const path = last?.job.setup?.candidate.tuned ?? null;
  if (path === null) return null;
  const tuned = await readTuned(path).catch(() => null);
  if (tuned === null || !isOf(tuned, workload.target)) return null;
  const modelNow = await sha256OfFile(tuned.model.path).catch(() => '');
  const since = past.findLastIndex(({ job }) => job.setup?.retuned === true);
  return {
    path,
    facts: {
      modelSha256: tuned.model.sha256,
      runtime: tuned.runtime.version,
      hostKey: tuned.host.key,
    },
    modelNow,
    nightsSince: past.length - since,
  };
}

function isOf(tuned: Tuned, target: string): boolean {
  return (tuned.workload.suite ?? tuned.model.path) === target;
}

const tuneReplySchema = z.object({
  tuned: z.string().nullable().optional(),
  error: z.string().optional(),
});

/** Runs `claw tune` as a process of its own: what it does to itself stays with it. */
async function tune(
  job: NightlyJob,
  candidate: Budgeted,
  around: MeasuringSurroundings,
): Promise<string> {
  const reply = await runClaw(tuneArguments(job, candidate, around), around.signal);
  const { tuned, error } = parseAs(reply, tuneReplySchema, 'claw tune gave no result');
  if (typeof tuned === 'string') return tuned;
  throw new UserError(
    `it could not be tuned: ${error ?? 'nothing that was tried meets its constraints'}`,
    { remedy: 'run claw tune by hand with the same budget, and see its report' },
  );
}

function tuneArguments(
  { objective, constraints, seed }: NightlyJob,
  { workload, budgetMs }: Budgeted,
  { store, meters }: MeasuringSurroundings,
): string[] {
  const { target, dataPath, dims } = workload;
  return [
    'tune',
    target,
    ...(dataPath === null ? [] : ['--data', dataPath]),
    ...Object.entries(dims).flatMap(([name, size]) => ['--dim', `${name}=${size}`]),
    ...constraints.flatMap(constraintWords),
    ...meters.flatMap((meter) => ['--meter', meter]),
    '--objective',
    objective,
    '--budget',
    durationWord(budgetMs),
    '--seed',
    String(seed),
    '--store',
    store,
    '--json',
  ];
}

/** Beyond this a document is not a result; a run's is some 100 KB. */
const MAX_OUTPUT_CHARS = 64 * 2 ** 20;

/** The JSON document that a command prints. Rejects with the signal's reason when aborted. */
function runClaw(args: readonly string[], signal: AbortSignal): Promise<unknown> {
  const [executable = '', ...start] = clawCommand();
  return new Promise((resolve, reject) => {
    const child = spawn(executable, [...start, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_OUTPUT_CHARS) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('close', () => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(parseOutput(output));
    });
  });
}

/** What is not JSON is no result: the schema says so. */
function parseOutput(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return null;
  }
}

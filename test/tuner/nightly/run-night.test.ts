import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import type { NightJob, NightRecord } from '../../../tuner/nightly/night-record.ts';
import { summarizeJob } from '../../../tuner/nightly/night-summary.ts';
import { openNightStore, type NightStore } from '../../../tuner/nightly/night-store.ts';
import { runNight, type NightContext } from '../../../tuner/nightly/run-night.ts';
import { fakeClock } from '../../support/fake-trials.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { simulatedMachine, simulatedMeasurer, simulatedPlan } from './simulated-measurer.ts';

const DAY_MS = 24 * 3600 * 1000;

/** A machine with a store of its own, on which nights can be run one after the other. */
function workshop(changes: Partial<NightContext> = {}) {
  const machine = simulatedMachine();
  const clock = fakeClock();
  const steps: string[] = [];
  const context: NightContext = {
    store: openNightStore(join(temporaryFolder(), 'nights')),
    measurer: simulatedMeasurer(machine),
    clock,
    signal: new AbortController().signal,
    owner: { hostName: 'here', pid: 1, startTicks: '2' },
    host: { key: 'host', name: 'here', cpu: 'Fake CPU', kernel: 'linux 6' },
    versions: { openclaw: '0.1.0', node: 'v24', onnxruntime: '1.30.0' },
    onStep: (message) => steps.push(message),
    onJob: () => undefined,
    ...changes,
  };
  const night = (jobs: readonly string[] = ['detector'], other: Partial<NightContext> = {}) => {
    clock.advance(DAY_MS);
    return runNight(simulatedPlan(...jobs), { ...context, ...other });
  };
  return { machine, clock, context, steps, night };
}

function kinds(night: NightRecord): string[] {
  return night.jobs.map(({ verdict }) => verdict.kind);
}

describe('nights', () => {
  it('say "insufficient history" ten times, then ok, and what a loss is', async () => {
    const { machine, night } = workshop();
    const seen: string[] = [];
    for (let i = 0; i < 11; i += 1) seen.push(...kinds(await night()));
    expect(seen).toEqual([...Array.from({ length: 10 }, () => 'insufficient-history'), 'ok']);
    machine.ratio = 0.9;
    machine.measured.length = 0;
    const worse = await night();
    expect(machine.measured).toEqual(['detector', 'detector']);
    expect(worse.jobs[0]).toMatchObject({
      verdict: { kind: 'regressed', losses: [{ kind: 'step' }] },
      second: { logRatios: expect.any(Array) as unknown },
    });
  });

  it('say since which night the level is another one', async () => {
    const { machine, night } = workshop();
    for (let i = 0; i < 15; i += 1) await night();
    machine.ratio = 0.93;
    const first = await night();
    for (let i = 0; i < 4; i += 1) await night();
    const [change] = (await night()).jobs[0]?.changePoints ?? [];
    expect(change?.night).toBe(first.id);
    expect(change?.change).toBeCloseTo(-0.07, 2);
  });

  it('do not judge while the control itself moves', async () => {
    const { machine, night } = workshop();
    for (let i = 0; i < 12; i += 1) await night();
    machine.control = 80;
    machine.ratio = 0.9;
    const moved = await night();
    expect(moved.jobs[0]?.verdict).toMatchObject({ kind: 'environment-changed' });
  });

  it('lose no other job to one that cannot be opened', async () => {
    const { machine, night } = workshop();
    machine.missing.set('gone', 'cannot read the model /models/gone.onnx: there is no such file');
    const result = await night(['first', 'gone', 'last']);
    expect(kinds(result)).toEqual(['insufficient-history', 'invalid', 'insufficient-history']);
    expect(result.jobs[1]?.verdict).toMatchObject({
      reason: 'cannot read the model /models/gone.onnx: there is no such file',
    });
    expect(result.state).toBe('finished');
  });

  it('lose no other job to a disk that is full for a while', async () => {
    const { context, night } = workshop();
    const store: NightStore = {
      ...context.store,
      save: async (record) => {
        if (record.jobs.at(-1)?.name === 'first' && record.jobs[0]?.verdict.kind !== 'invalid') {
          throw new UserError('cannot write the night: the disk is full');
        }
        await context.store.save(record);
      },
    };
    const result = await night(['first', 'last'], { store });
    expect(kinds(result)).toEqual(['invalid', 'insufficient-history']);
    expect(result.jobs[0]?.verdict).toMatchObject({
      reason: 'its figures could not be kept: cannot write the night: the disk is full',
    });
    expect((await context.store.list()).nights).toEqual([result]);
  });

  it('keep what an interrupted one has, and go on with it', async () => {
    const { context, machine, clock, night, steps } = workshop();
    const controller = new AbortController();
    machine.onMeasure = (job) => {
      if (job === 'second') {
        controller.abort(new Error('stopped'));
        controller.signal.throwIfAborted();
      }
    };
    const jobs = ['first', 'second'];
    await expect(night(jobs, { signal: controller.signal })).rejects.toThrow('stopped');
    expect((await context.store.list()).nights[0]).toMatchObject({
      state: 'interrupted',
      jobs: [{ name: 'first' }],
    });
    machine.onMeasure = () => undefined;
    machine.measured.length = 0;
    clock.advance(60_000 - DAY_MS);
    const resumed = await night(jobs);
    expect(machine.measured).toEqual(['second']);
    expect(resumed).toMatchObject({ state: 'finished', jobs: [{ name: 'first' }, {}] });
    expect(steps.join('\n')).toContain(`going on with the night ${resumed.id}`);
    expect((await context.store.list()).nights.length).toBe(1);
  });

  it('mark a killed one that is too old, and begin anew', async () => {
    const { context, night } = workshop();
    const killed = await night(['first']);
    await context.store.save({ ...killed, state: 'running', finishedAt: null, jobs: [] });
    const next = await night(['first']);
    const { nights } = await context.store.list();
    expect(nights.map(({ state }) => state)).toEqual(['interrupted', 'finished']);
    expect(nights[1]?.id).toBe(next.id);
  });

  it('do not go on with one of another plan or version', async () => {
    const { context, clock, night } = workshop();
    const killed = await night(['first']);
    await context.store.save({ ...killed, state: 'running', jobs: [] });
    clock.advance(1000 - DAY_MS);
    const next = await night(['first'], {
      versions: { ...context.versions, onnxruntime: '1.31.0' },
    });
    expect(next.id).not.toBe(killed.id);
  });

  it('within one second have names of their own', async () => {
    const { context, clock, night } = workshop();
    const first = await night(['first']);
    clock.advance(-DAY_MS);
    const second = await night(['first']);
    expect(second.id).toBe(`${first.id}-2`);
    expect((await context.store.list()).nights.map(({ id }) => id)).toEqual([first.id, second.id]);
  });
});

describe('an upgrade of the runtime, which control and candidate share', () => {
  const VERSIONS = { openclaw: '0.1.0', node: 'v24', onnxruntime: '1.31.0' } as const;
  const MARK = 'onnxruntime 1.30.0 -> 1.31.0';

  /** Fifteen nights with the old runtime, then the machine as the new one makes it. */
  async function upgraded(change: { control: number; ratio: number; governor?: string }) {
    const shop = workshop();
    const { machine } = shop;
    machine.environment = { governor: 'performance' };
    for (let i = 0; i < 15; i += 1) await shop.night();
    machine.control = change.control;
    machine.ratio = change.ratio;
    machine.environment = { governor: change.governor ?? 'performance' };
    const night = () => shop.night(['detector'], { versions: VERSIONS });
    return { ...shop, night };
  }

  async function jobOf(night: Promise<NightRecord>): Promise<NightJob> {
    const [job] = (await night).jobs;
    if (job === undefined) throw new Error('a night has a job');
    return job;
  }

  it('that slows both is a loss of the candidate, by its own figures', async () => {
    const { night } = await upgraded({ control: 94, ratio: 1 });
    const job = await jobOf(night());
    expect(job.verdict).toMatchObject({ kind: 'regressed', losses: [{ kind: 'step' }] });
    const [loss] = job.verdict.kind === 'regressed' ? job.verdict.losses : [];
    expect(loss?.change).toBeCloseTo(-0.06, 2);
    expect(job.second).not.toBeNull();
    expect(job.upgrade?.changes).toEqual([MARK]);
    expect(job.upgrade?.controlChange).toBeCloseTo(-0.06, 9);
    expect(summarizeJob(job)).toMatch(
      /^detector: REGRESSED: (5|6)(\.\d)? % less throughput than in the nights before, confirmed; onnxruntime 1\.30\.0 -> 1\.31\.0 moved the control by -6 %: compared with the job's own earlier figures$/,
    );
    // Still told on the nights after it, like every other step.
    expect((await jobOf(night())).verdict.kind).toBe('regressed');
  });

  it.each([
    ['slows the control alone', { control: 94, ratio: 1 / 0.94 }],
    ['speeds up the control alone', { control: 106, ratio: 1 / 1.06 }],
  ])('that %s is none, on no night', async (_, change) => {
    const { night } = await upgraded(change);
    const nights: NightJob[] = [];
    for (let i = 0; i < 25; i += 1) nights.push(await jobOf(night()));
    expect(nights.map(({ verdict }) => verdict)).toEqual(
      nights.map(() => expect.objectContaining({ kind: 'ok', note: 'steady' }) as unknown),
    );
    expect(nights[0]?.upgrade?.changes).toEqual([MARK]);
    expect(nights.map(({ upgrade }) => upgrade !== null)).toEqual(nights.map((_one, i) => i < 10));
    expect(nights.at(-1)?.changePoints).toEqual([]);
  });

  it('that slows the candidate alone is a loss by the ratio, with the version beside it', async () => {
    const { night } = await upgraded({ control: 100, ratio: 0.94 });
    const job = await jobOf(night());
    expect(job.verdict.kind).toBe('regressed');
    expect(job.upgrade).toEqual({ changes: [MARK], controlChange: null });
    expect(summarizeJob(job)).toContain(`confirmed; ${MARK}`);
    const next = await jobOf(night());
    expect(next.upgrade).toBeNull();
    expect(next.verdict.kind).toBe('regressed');
  });

  it('is told from the night on which it came, as the cause of the change', async () => {
    const { night } = await upgraded({ control: 94, ratio: 1 });
    const first = await night();
    for (let i = 0; i < 4; i += 1) await night();
    const { changePoints } = await jobOf(night());
    expect(changePoints.map((one) => one.night)).toEqual([first.id]);
    expect(changePoints[0]?.change).toBeCloseTo(-0.06, 2);
  });

  it('explains nothing on a night on which the machine changed too', async () => {
    const { night } = await upgraded({ control: 94, ratio: 1, governor: 'powersave' });
    const job = await jobOf(night());
    expect(job.verdict).toMatchObject({ kind: 'environment-changed' });
    expect(job.upgrade).toEqual({ changes: [MARK], controlChange: null });
    expect(summarizeJob(job)).toContain(`so nothing is said; ${MARK}`);
  });
});

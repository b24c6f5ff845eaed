import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { benchOptionsSchema, planBench, type BenchPlan } from '../../cli/bench-plan.ts';
import { UserError } from '../../engine/base/errors.ts';
import { createTuned } from '../../tuner/export/tuned.ts';
import { toArm } from '../../tuner/arm.ts';
import { defaultSpace } from '../../tuner/space.ts';
import type { MeasuredArm } from '../../tuner/run-record.ts';
import { benchPlan } from '../support/bench-plan.ts';
import { fakeRun, twoCoreDefault } from '../support/fake-trials.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Typed {
  readonly target?: string;
  /** Option names in the parser's spelling, as typed. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** As the parser hands it over: its defaults, and what was typed. */
function planOf({ target, options = {} }: Typed): Promise<BenchPlan> {
  const parsed = benchOptionsSchema.parse({
    seed: '1',
    scenario: 'closed-loop',
    store: '.claw',
    ...options,
  });
  return planBench(target, parsed, new Set(Object.keys(options)));
}

interface Refusal {
  readonly exitCode: number;
  readonly message: string;
  readonly remedy: string | undefined;
}

async function refusalOf(typed: Typed): Promise<Refusal> {
  try {
    await planOf(typed);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { exitCode: thrown.exitCode, message: thrown.message, remedy: thrown.remedy };
  }
  throw new Error('it was not refused');
}

function measured(): MeasuredArm {
  const { key, config } = toArm({ ...twoCoreDefault, replicas: 2, intraOpThreads: 1 });
  return {
    armKey: key,
    config,
    metrics: {
      qps: { value: 100, low: 90, high: 110 },
      latencyMs: { p50: 1, p90: 2, p95: 2.5, p99: 3, certified: false },
      memoryBytes: 1e8,
      sessionBytes: 1e7,
      energyJPerInference: { state: 'unavailable', reason: 'no sensor' },
      quality: {},
      trials: 6,
    },
  };
}

/** A tuned.json of a model with an open dimension and a seed of its own. */
function writeTuned(folder: string): string {
  const path = join(folder, 'tuned.json');
  const run = fakeRun(defaultSpace(2, { batch: 'free', passes: ['none'] }));
  const model = { ...run.workload.model, path: join(folder, 'model.onnx') };
  const [baseline, reason] = [measured(), 'nothing was better'];
  const tuned = createTuned(
    {
      ...run,
      state: 'finished',
      workload: { ...run.workload, model, dims: { seq: 128 }, seed: 7 },
      outcome: { kind: 'default', shipped: baseline, baseline, verification: null, reason },
    },
    path,
  );
  writeFileSync(path, JSON.stringify(tuned));
  return path;
}

function fileWith(text: string): string {
  const path = join(temporaryFolder(), 'given.json');
  writeFileSync(path, text);
  return path;
}

describe('a plan', () => {
  test('of a model alone: the default, closed-loop, for 10 s', async () => {
    expect(await planOf({ target: 'model.onnx' })).toEqual(
      benchPlan({ target: 'model.onnx', durationMs: 10_000 }),
    );
  });

  test('with --against measures trials of 1 s, unless it is told otherwise', async () => {
    const options = { set: ['replicas=2'], against: 'default' };
    expect(await planOf({ target: 'm.onnx', options })).toMatchObject({
      config: { kind: 'set', texts: ['replicas=2'] },
      against: { kind: 'default' },
      durationMs: 1000,
    });
    const longer = await planOf({ target: 'm.onnx', options: { ...options, duration: '3s' } });
    expect(longer.durationMs).toBe(3000);
  });

  test.each(['single-stream', 'multi-stream', 'offline'])('of the scenario %s', async (name) => {
    const { load } = await planOf({ target: 'm.onnx', options: { scenario: name } });
    expect(load).toEqual({ kind: 'fixed', scenario: { name } });
  });

  test('of a server: at a rate, at a rate with a bound, or the highest rate of a bound', async () => {
    const loadOf = async (options: Record<string, string>, target = 'm.onnx') =>
      (await planOf({ target, options: { scenario: 'server', ...options } })).load;
    const bound = { percentile: 'p99', limitMs: 20 };
    const server = { name: 'server', ratePerSecond: 50 };
    expect(await loadOf({ rate: '50' })).toEqual({
      kind: 'fixed',
      scenario: { ...server, bound: null },
    });
    expect(await loadOf({ rate: '50', slo: 'p99<20ms' })).toEqual({
      kind: 'fixed',
      scenario: { ...server, bound },
    });
    expect(await loadOf({ slo: 'p99<20ms' })).toEqual({ kind: 'peak', bound });
    // The suite brings a bound of its own.
    expect(await loadOf({}, 'inspection')).toEqual({
      kind: 'peak',
      bound: { percentile: 'p99', limitMs: 66 },
    });
  });

  test('of a tuned.json runs what it was tuned for, as it was', async () => {
    const folder = temporaryFolder();
    const path = writeTuned(folder);
    const workload = {
      target: join(folder, 'model.onnx'),
      dataPath: null,
      dims: { seq: 128 },
      seed: 7,
    };
    expect(await planOf({ options: { config: path } })).toMatchObject({
      ...workload,
      config: { kind: 'tuned', path },
      against: null,
    });
    expect(await planOf({ options: { against: path } })).toMatchObject({
      ...workload,
      config: { kind: 'default' },
      against: { kind: 'tuned', path },
    });
  });

  test('of a file with some knobs', async () => {
    const path = fileWith('{"replicas": 2, "batch": {"maxSize": 4}}');
    expect((await planOf({ target: 'm.onnx', options: { config: path } })).config).toEqual({
      kind: 'file',
      path,
      changes: { replicas: 2, batch: { maxSize: 4 } },
    });
  });
});

describe('what cannot be planned is one message with what to do', () => {
  const target = 'm.onnx';
  test.each<readonly [title: string, typed: Typed, message: RegExp, remedy: RegExp]>([
    ['nothing', {}, /^nothing to measure$/, /suite's name, an \.onnx path, or --config/],
    [
      'a configuration of nothing',
      { options: { config: 'default' } },
      /^nothing to measure$/,
      /only a tuned\.json names what to run/,
    ],
    [
      'nothing, compared',
      { options: { against: 'default' } },
      /^nothing to measure$/,
      /only a tuned\.json names what to run/,
    ],
    [
      '--config and --set',
      { target, options: { config: 'default', set: ['replicas=2'] } },
      /^--config and --set exclude each other$/,
      /all of it into the file, or set all of it/,
    ],
    [
      'a mistyped knob',
      { target, options: { set: ['replica=2'] } },
      /no knob 'replica'/,
      /knobs: .*replicas/,
    ],
    [
      'a knob with a wrong value',
      { target, options: { set: ['replicas=two'] } },
      /--set replicas=two/,
      /whole number/,
    ],
    [
      'a mistyped scenario',
      { target, options: { scenario: 'sever' } },
      /^--scenario 'sever' is not known$/,
      /scenarios: closed-loop, single-stream, multi-stream, server, offline/,
    ],
    [
      '--rate in a closed loop',
      { target, options: { rate: '50' } },
      /^--rate belongs to the server scenario, not to closed-loop$/,
      /--scenario server/,
    ],
    [
      '--slo offline',
      { target, options: { scenario: 'offline', slo: 'p99<20ms' } },
      /^--slo belongs to the server scenario, not to offline$/,
      /--scenario server/,
    ],
    [
      'a server without rate and bound',
      { target, options: { scenario: 'server' } },
      /needs a rate or a bound/,
      /--rate 100, or --slo 'p99<20ms'/,
    ],
    ...['0', '-1', '', 'x', '1e7', 'NaN', 'Infinity'].map(
      (rate) =>
        [
          `the rate '${rate}'`,
          { target, options: { scenario: 'server', rate } },
          /^--rate '.*' is not a rate$/,
          /such as --rate 100/,
        ] as const,
    ),
    [
      'a bound that cannot be read',
      { target, options: { scenario: 'server', slo: 'fast' } },
      /--slo 'fast'/,
      /p99<50ms/,
    ],
    [
      'a peak, compared',
      { target, options: { scenario: 'server', slo: 'p99<20ms', against: 'default' } },
      /^--against compares at one load/,
      /--rate as well, or leave --scenario out/,
    ],
    ...['0', '0s', 'soon', '10'].map(
      (duration) =>
        [
          `the duration '${duration}'`,
          { target, options: { duration } },
          /^--duration: '/,
          /such as 50ms or 3m/,
        ] as const,
    ),
    ['a dimension without a size', { target, options: { dim: ['seq'] } }, /--dim 'seq'/, /seq=128/],
  ])('%s', async (_, typed, message, remedy) => {
    const refusal = await refusalOf(typed);
    expect(refusal.exitCode).toBe(2);
    expect(refusal.message).toMatch(message);
    expect(refusal.remedy).toMatch(remedy);
  });

  test.each(['target', 'data', 'dim', 'seed'])('a tuned.json, and %s beside it', async (name) => {
    const config = writeTuned(temporaryFolder());
    const value = name === 'dim' ? ['seq=4'] : '3';
    const typed =
      name === 'target'
        ? { target: 'other.onnx', options: { config } }
        : { options: { config, [name]: value } };
    expect(await refusalOf(typed)).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        name === 'target' ? /leave 'other\.onnx' out$/ : new RegExp(`leave --${name} out$`),
      ) as string,
    });
  });

  test.each([
    ['text', 'hello\nthere', /is not JSON: [^\n]*$/, /give a tuned\.json, or a file such as/],
    ['an array', '[1]', /is no configuration: .*expected object, received array$/, /"config"/],
    ['a mistyped knob', '{"replica": 2}', /is no configuration: .*"replica"$/, /"config"/],
    ['a wrong value', '{"replicas": "2"}', /received string at replicas$/, /"config"/],
    ['a mistyped part', '{"batch": {"maxsize": 2}}', /"maxsize" at batch$/, /"config"/],
    ['a wrapped one', '{"config": {"replicas": 2}}', /is no configuration: .*"config"/, /knobs/],
  ])('a file that is %s', async (_, text, message, remedy) => {
    const config = fileWith(text);
    const refusal = await refusalOf({ target, options: { config } });
    expect(refusal.exitCode).toBe(1);
    expect(refusal.message).toMatch(message);
    expect(refusal.message).toContain(config);
    expect(refusal.remedy).toMatch(remedy);
  });

  test('a file of another kind', async () => {
    const { message } = await refusalOf({
      options: { config: fileWith('{"schema": "something/else"}') },
    });
    expect(message).toMatch(/is not a tuned\.json: .* at schema$/);
  });

  test('a file that is not there, and one that is a folder', async () => {
    const folder = join(temporaryFolder(), 'folder');
    mkdirSync(folder);
    const remedy = "give a tuned.json, a file of knobs, or 'default'";
    expect(await refusalOf({ target, options: { config: `${folder}/absent` } })).toEqual({
      exitCode: 1,
      message: `cannot read the configuration ${folder}/absent: there is no such file`,
      remedy,
    });
    expect(await refusalOf({ target, options: { against: folder } })).toEqual({
      exitCode: 1,
      message: `cannot read the configuration ${folder}: it is a folder`,
      remedy,
    });
  });
});

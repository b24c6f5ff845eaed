import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { EXAMPLE_PLAN } from '../../../tuner/nightly/example-plan.ts';
import {
  leastShareOf,
  readNightlyPlan,
  type NightlyPlan,
} from '../../../tuner/nightly/nightly-plan.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const HEAD = 'schema: openclaw.nightly/1\ncontrol: {target: inspection, config: default}\n';

function planOf(text: string, folder = temporaryFolder()): Promise<NightlyPlan> {
  const path = join(folder, 'nightly.yaml');
  writeFileSync(path, text);
  return readNightlyPlan(path);
}

/** The message without the folder: `:3: this is not a nightly plan: ...`. */
async function refusal(text: string): Promise<string> {
  try {
    await planOf(text);
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown.message.replace(/^.*nightly\.yaml/, '');
    throw thrown;
  }
  throw new Error('it was not refused');
}

describe('a nightly plan', () => {
  it('of --init reads as it is', async () => {
    const plan = await planOf(EXAMPLE_PLAN);
    expect(plan).toMatchObject({
      retune: { kind: 'never' },
      blocks: 6,
      trialMs: 500,
      control: { kind: 'config', config: 'default', workload: { target: 'inspection' } },
      jobs: [
        {
          name: 'inspection',
          candidate: { kind: 'budget', budgetMs: 60_000 },
          metric: 'throughput',
          constraints: [
            { kind: 'latency', percentile: 'p99', limitMs: 500 },
            { kind: 'memory', limitBytes: 2 ** 32 },
          ],
          release: null,
        },
      ],
    });
  });

  it('of --init still reads with every comment made a field, one alternative at a time', async () => {
    const fields = ['data: ', 'dims: ', 'release: ', 'seed: ', 'accuracy: ', 'power: '];
    for (const field of fields) {
      const text = EXAMPLE_PLAN.replace(new RegExp(`# (${field})`), '$1');
      expect(text).not.toBe(EXAMPLE_PLAN);
      expect((await planOf(text)).jobs.length).toBe(1);
    }
    for (const other of ['tuned: models/tuned.json', 'config: default']) {
      const text = EXAMPLE_PLAN.replace('budget: 1m ', `${other} `).replace(
        other.startsWith('tuned') ? '    target: inspection\n' : '',
        '',
      );
      expect((await planOf(text)).jobs[0]?.candidate.kind).toBe(other.split(':')[0]);
    }
  });

  it('takes paths from its own folder, and leaves the names of suites alone', async () => {
    const folder = temporaryFolder();
    const jobs =
      'jobs:\n  - {name: a, target: models/a.onnx, data: a.npz, config: a.json}\n  - {name: b, tuned: b/tuned.json}\n';
    const plan = await planOf(HEAD + jobs, folder);
    const workload = {
      target: join(folder, 'models/a.onnx'),
      dataPath: join(folder, 'a.npz'),
      dims: {},
    };
    expect(plan.jobs.map(({ candidate }) => candidate)).toEqual([
      { kind: 'config', config: join(folder, 'a.json'), workload },
      { kind: 'tuned', path: join(folder, 'b/tuned.json') },
    ]);
    expect(plan.control).toMatchObject({ workload: { target: 'inspection' } });
  });

  it('of a server has its rate, and the bound of its first constraint on latency', async () => {
    const jobs =
      'jobs:\n  - {name: a, target: a.onnx, config: default, scenario: server, rate: 50, constraints: {p99: 20ms}}\n';
    expect((await planOf(HEAD + jobs)).jobs[0]?.scenario).toEqual({
      name: 'server',
      ratePerSecond: 50,
      bound: { percentile: 'p99', limitMs: 20 },
    });
  });

  const job = (fields: string): string => `${HEAD}jobs:\n  - name: a\n    ${fields}\n`;
  it.each([
    ['an unknown field', job('targt: x'), /^:4: .*targt.* at jobs\.0/],
    ['no jobs', `${HEAD}jobs: []\n`, /^:3: .* at jobs/],
    ['nothing to run', job('target: x'), /^:4: .*say what runs.*tuned.*budget.* at jobs\.0\.name/],
    [
      'two things to run',
      job('{target: x}').replace('{target: x}', 'target: x\n    config: default\n    budget: 1m'),
      /^:7: .*config and budget exclude each other at jobs\.0\.budget/,
    ],
    ['no target', job('config: default'), /^:4: .*a target is missing.* at jobs\.0\.name/],
    [
      'a target beside a tuned.json',
      job('tuned: t.json\n    target: x'),
      /^:6: .*has its own target.* at jobs\.0\.target/,
    ],
    [
      'a budget without a unit',
      job('target: x\n    budget: "60"'),
      /^:6: .*'60' is not a duration at jobs\.0\.budget/,
    ],
    [
      'a rate without a server',
      job('target: x\n    config: default\n    rate: 5'),
      /^:7: .*server scenario at jobs\.0\.rate/,
    ],
    [
      'a server without a rate',
      job('target: x\n    config: default\n    scenario: server'),
      /^:7: .*server needs a rate.* at jobs\.0\.scenario/,
    ],
    [
      'a day that is none',
      job('target: x\n    config: default\n    release: 2026-02-31'),
      /^:7: .* at jobs\.0\.release/,
    ],
    [
      'a power without a unit',
      job('target: x\n    config: default\n    constraints: {power: "15"}'),
      /^:7: .*such as 15W at jobs\.0\.constraints\.power/,
    ],
    [
      'a name twice',
      `${HEAD}jobs:\n  - {name: a, tuned: t.json}\n  - {name: a, tuned: u.json}\n`,
      /^:5: .*two jobs are named 'a' at jobs\.1\.name/,
    ],
    [
      'a policy that is none',
      `retune: sometimes\n${job('tuned: t.json')}`,
      /^:1: .*never, on-change or every N nights at retune/,
    ],
    ['another schema', job('tuned: t.json').replace('nightly/1', 'nightly/2'), /^:1: .* at schema/],
    ['a broken text', `${HEAD}jobs: [`, /^:\d: this is not YAML/],
  ])('with %s is refused with the line and the field', async (_, text, message) => {
    expect(await refusal(text)).toMatch(message);
  });

  it('looks for 3 %, and for more where the metric itself is less sure', () => {
    expect([leastShareOf('throughput'), leastShareOf('p99'), leastShareOf('energy')]).toEqual([
      0.03, 0.05, 0.03,
    ]);
  });
});

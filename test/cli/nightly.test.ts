import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nightRecordSchema, type NightRecord } from '../../tuner/nightly/night-record.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, startClaw, type ClawResult } from './run-claw.ts';

/** Short trials: these tests are about the command, not about figures. */
const PLAN = `schema: openclaw.nightly/1
control: {target: linear.onnx, config: default}
blocks: 2
trial: 60ms
jobs:
  - {name: one, target: linear.onnx, config: default}
  - {name: two, target: linear.onnx, config: default}
  - {name: gone, target: gone.onnx, config: default}
`;

function folderWithPlan(plan = PLAN): string {
  const folder = temporaryFolder();
  fillWithPlan(folder, plan);
  return folder;
}

function fillWithPlan(folder: string, plan = PLAN): void {
  writeLinearModel(folder);
  writeFileSync(join(folder, 'nightly.yaml'), plan);
}

function storedNights(folder: string): NightRecord[] {
  const nights = join(folder, '.claw/nightly/nights');
  return readdirSync(nights)
    .filter((name) => name.endsWith('.json'))
    .map((name) => nightRecordSchema.parse(JSON.parse(readFileSync(join(nights, name), 'utf8'))));
}

/** One night that was killed, gone on with, stopped and gone on with again; and what it left. */
interface StoppedNight {
  /** What each command said, in their order. */
  readonly refused: ClawResult;
  readonly stopped: ClawResult;
  readonly finished: ClawResult;
  /** The night's record after each of them, and what lay beside the records when it was stopped. */
  readonly killedNights: readonly NightRecord[];
  readonly stoppedNights: readonly NightRecord[];
  readonly finishedNights: readonly NightRecord[];
  readonly filesOfStopped: readonly string[];
}

async function killAndStop(folder: string): Promise<StoppedNight> {
  const first = startClaw(folder, 'nightly');
  await first.says('two: measuring');
  const refused = await claw(folder, 'nightly', '--json');
  first.process.kill('SIGKILL');
  await first.ended;
  const killedNights = storedNights(folder);
  const second = startClaw(folder, 'nightly');
  await second.says('two: measuring');
  second.process.kill('SIGINT');
  const stopped = await second.ended;
  const stoppedNights = storedNights(folder);
  const filesOfStopped = readdirSync(join(folder, '.claw/nightly'));
  const finished = await claw(folder, 'nightly', '--junit', 'out/nightly.xml');
  const nights = { killedNights, stoppedNights, finishedNights: storedNights(folder) };
  return { refused, stopped, finished, ...nights, filesOfStopped };
}

describe('claw nightly, stopped in the middle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claw-test-'));
  let run: StoppedNight;

  beforeAll(async () => {
    fillWithPlan(folder);
    run = await killAndStop(folder);
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('runs once at a time', () => {
    expect(run.refused.exitCode).toBe(2);
    expect(JSON.parse(run.refused.stdout)).toMatchObject({
      error: expect.stringMatching(/another night is running/) as string,
      exitCode: 2,
    });
  });

  test('killed it goes on with the jobs that are left', () => {
    const [killed] = run.killedNights;
    expect(killed).toMatchObject({ state: 'running', jobs: [{ name: 'one' }] });
    for (const { stderr } of [run.stopped, run.finished]) {
      expect(stderr).toContain(`going on with the night ${killed?.id}`);
      expect(stderr).not.toContain('one: block');
    }
    const [night, ...others] = run.finishedNights;
    expect(others).toEqual([]);
    expect(night?.id).toBe(killed?.id);
    expect(night?.jobs[0]).toEqual(killed?.jobs[0]);
  });

  test('by Ctrl-C it keeps what it has and gives the lock back', () => {
    expect(run.stopped.exitCode).toBe(130);
    expect(run.stopped.stderr).toContain('the night so far is kept');
    expect(run.stoppedNights).toMatchObject([{ state: 'interrupted', jobs: [{ name: 'one' }] }]);
    expect(run.filesOfStopped).toEqual(['nights']);
  });

  test('measures what it can, names what it cannot, and writes page, record and JUnit', () => {
    const { exitCode, stdout } = run.finished;
    // The missing model decides: 2, invalid.
    expect(exitCode).toBe(2);
    const [one, two, gone, page] = stdout.split('\n');
    expect(one).toBe('one: insufficient history: 0 nights before this one, 10 are needed');
    expect(two).toBe('two: insufficient history: 0 nights before this one, 10 are needed');
    expect(gone).toMatch(/^gone: INVALID: .*gone\.onnx/);
    expect(page).toBe('page    .claw/nightly/index.html');
    const [night] = run.finishedNights;
    expect(night).toMatchObject({ state: 'finished', jobs: [{ name: 'one' }, {}, {}] });
    expect(night?.jobs[1]?.first?.logRatios.length).toBe(2);
    const xml = readFileSync(join(folder, 'out/nightly.xml'), 'utf8');
    expect(xml).toContain('tests="3" failures="0" errors="1" skipped="2"');
    const html = readFileSync(join(folder, '.claw/nightly/index.html'), 'utf8');
    expect(html).toContain('<h1>1 of 3 jobs could not be measured: gone</h1>');
    expect(html).toContain(`href="nights/${night?.id}.html"`);
    expect(existsSync(join(folder, `.claw/nightly/nights/${night?.id}.html`))).toBe(true);
    expect(readdirSync(join(folder, '.claw/nightly'))).not.toContainEqual(
      expect.stringMatching(/lock/),
    );
  });
});

describe('claw nightly', () => {
  test(
    'with a budget it tunes on the first night, and measures what it found',
    { timeout: 300_000 },
    async () => {
      const jobs = '  - {name: tuned, target: linear.onnx, budget: 4s}\n';
      const folder = folderWithPlan(`${PLAN.split('jobs:')[0]}jobs:\n${jobs}`);
      const { exitCode, stdout } = await claw(folder, 'nightly', '--json');
      expect(exitCode).toBe(3);
      const [night] = storedNights(folder);
      expect(JSON.parse(stdout)).toMatchObject({
        night: night?.id,
        result: 'inconclusive',
        exitCode: 3,
        jobs: [{ name: 'tuned', result: 'inconclusive' }],
      });
      const job = night?.jobs[0];
      expect(job?.setup).toMatchObject({ retuned: true });
      expect(job?.setup?.candidate.tuned).toMatch(/tuned\.json$/);
      expect(job?.first?.logRatios.length).toBe(2);
    },
  );
});

describe('claw nightly, what goes wrong', () => {
  test('--init writes an example that is read, and overwrites nothing', async () => {
    const folder = temporaryFolder();
    const first = await claw(folder, 'nightly', 'plans/own.yaml', '--init');
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toContain('plans/own.yaml');
    const again = await claw(folder, 'nightly', 'plans/own.yaml', '--init');
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain('claw: plans/own.yaml is there already');
    const printed = await claw(folder, 'nightly', 'plans/own.yaml', '--print', 'cron');
    expect(printed.exitCode).toBe(0);
    expect(printed.stdout).toMatch(/^0 2 \* \* \* cd .*claw\.js nightly .*own\.yaml --store /);
  });

  test('a plan that is missing or wrong is 2, never 1: that means regressed', async () => {
    const folder = temporaryFolder();
    const missing = await claw(folder, 'nightly');
    expect(missing).toMatchObject({ exitCode: 2, stdout: '' });
    expect(missing.stderr).toContain('cannot read a nightly plan nightly.yaml');
    expect(missing.stderr).toContain('claw nightly PLAN --init');
    writeFileSync(join(folder, 'nightly.yaml'), PLAN.replace('blocks: 2', 'blocks: many'));
    const wrong = await claw(folder, 'nightly');
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toMatch(
      /^claw: nightly\.yaml:3: this is not a nightly plan: .* at blocks/,
    );
    expect(existsSync(join(folder, '.claw'))).toBe(false);
  });

  test('a store that is a file is 2 and named', async () => {
    const folder = folderWithPlan();
    rmSync(join(folder, '.claw'), { force: true });
    writeFileSync(join(folder, '.claw'), 'a file');
    const result = await claw(folder, 'nightly');
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/^claw: cannot write .*\.claw/);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  test('a scheduler that is none is named', async () => {
    const result = await claw(temporaryFolder(), 'nightly', '--print', 'launchd');
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/systemd, cron, kubernetes/);
  });
});

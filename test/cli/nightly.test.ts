import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nightRecordSchema, type NightRecord } from '../../tuner/nightly/night-record.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, startClaw } from './run-claw.ts';

/** Short trials: these tests are about the command, not about figures. */
const PLAN = `schema: openclaw.nightly/1
control: {target: linear.onnx, config: default}
blocks: 2
trial: 60ms
jobs:
  - {name: linear, target: linear.onnx, config: default}
  - {name: gone, target: gone.onnx, config: default}
`;

function folderWithPlan(plan = PLAN): string {
  const folder = temporaryFolder();
  writeLinearModel(folder);
  writeFileSync(join(folder, 'nightly.yaml'), plan);
  return folder;
}

function storedNights(folder: string): NightRecord[] {
  const nights = join(folder, '.claw/nightly/nights');
  return readdirSync(nights)
    .filter((name) => name.endsWith('.json'))
    .map((name) => nightRecordSchema.parse(JSON.parse(readFileSync(join(nights, name), 'utf8'))));
}

describe('claw nightly', () => {
  test(
    'measures what it can, names what it cannot, and writes page, record and JUnit',
    { timeout: 180_000 },
    async () => {
      const folder = folderWithPlan();
      const result = await claw(folder, 'nightly', '--junit', 'out/nightly.xml');
      // The missing model decides: 2, invalid.
      expect(result.exitCode).toBe(2);
      const [linear, gone, page] = result.stdout.split('\n');
      expect(linear).toBe('linear: insufficient history: 0 nights before this one, 10 are needed');
      expect(gone).toMatch(/^gone: INVALID: .*gone\.onnx/);
      expect(page).toBe('page    .claw/nightly/index.html');
      const [night] = storedNights(folder);
      expect(night).toMatchObject({ state: 'finished', jobs: [{ name: 'linear' }, {}] });
      expect(night?.jobs[0]?.first?.logRatios.length).toBe(2);
      const xml = readFileSync(join(folder, 'out/nightly.xml'), 'utf8');
      expect(xml).toContain('tests="2" failures="0" errors="1" skipped="1"');
      const html = readFileSync(join(folder, '.claw/nightly/index.html'), 'utf8');
      expect(html).toContain('<h1>1 of 2 jobs could not be measured: gone</h1>');
      expect(html).toContain(`href="nights/${night?.id}.html"`);
      expect(existsSync(join(folder, `.claw/nightly/nights/${night?.id}.html`))).toBe(true);
      expect(
        readdirSync(join(folder, '.claw/nightly')).filter((name) => /lock/.test(name)),
      ).toEqual([]);
    },
  );

  test(
    'killed in the middle it goes on with the jobs that are left, and meanwhile it runs once',
    { timeout: 180_000 },
    async () => {
      const jobs = ['one', 'two'].map(
        (name) => `  - {name: ${name}, target: linear.onnx, config: default}\n`,
      );
      const folder = folderWithPlan(`${PLAN.split('jobs:')[0]}jobs:\n${jobs.join('')}`);
      const first = startClaw(folder, 'nightly');
      await first.says('two: block 1');
      const second = await claw(folder, 'nightly', '--json');
      expect(second.exitCode).toBe(2);
      expect(JSON.parse(second.stdout)).toMatchObject({
        error: expect.stringMatching(/another night is running/) as string,
        exitCode: 2,
      });
      first.process.kill('SIGKILL');
      await first.ended;
      const [killed] = storedNights(folder);
      expect(killed).toMatchObject({ state: 'running', jobs: [{ name: 'one' }] });
      const resumed = await claw(folder, 'nightly', '--json');
      expect(resumed.stderr).toContain(`going on with the night ${killed?.id}`);
      expect(resumed.stderr).not.toContain('one: block');
      expect(resumed.exitCode).toBe(3);
      const [night, ...others] = storedNights(folder);
      expect(others).toEqual([]);
      expect(night?.jobs[0]).toEqual(killed?.jobs[0]);
      expect(JSON.parse(resumed.stdout)).toMatchObject({
        night: night?.id,
        result: 'inconclusive',
        exitCode: 3,
        jobs: [{ name: 'one', result: 'inconclusive' }, { name: 'two' }],
      });
    },
  );

  test(
    'stopped by Ctrl-C it keeps what it has and gives the lock back',
    { timeout: 120_000 },
    async () => {
      const folder = folderWithPlan();
      const running = startClaw(folder, 'nightly');
      await running.says('linear: block 1');
      running.process.kill('SIGINT');
      const { exitCode, stderr } = await running.ended;
      expect(exitCode).toBe(130);
      expect(stderr).toContain('the night so far is kept');
      expect(storedNights(folder)[0]?.state).toBe('interrupted');
      expect(readdirSync(join(folder, '.claw/nightly'))).toEqual(['nights']);
    },
  );

  test(
    'with a budget it tunes on the first night, and measures what it found',
    { timeout: 300_000 },
    async () => {
      const jobs = '  - {name: tuned, target: linear.onnx, budget: 4s}\n';
      const folder = folderWithPlan(`${PLAN.split('jobs:')[0]}jobs:\n${jobs}`);
      await claw(folder, 'nightly');
      const [job] = storedNights(folder).map((night) => night.jobs[0]);
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

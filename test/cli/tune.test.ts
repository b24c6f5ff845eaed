import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { readTuned } from '../../tuner/export/tuned.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, clawInTerminal, startClaw, type ClawResult } from './run-claw.ts';

/** Short trials: these tests are about the command, not about figures. */
const SHORT = ['--duration', '60ms'] as const;

/** Back to the first column, and the line erased. */
const CLEARED_LINE = '\r\u001b[2K';

function folderWithModel(): string {
  const folder = temporaryFolder();
  writeLinearModel(folder);
  return folder;
}

function jsonOf(result: ClawResult): Record<string, unknown> {
  return JSON.parse(result.stdout) as Record<string, unknown>;
}

/** Sequence numbers of the stored trials, and their arms. */
function storedTrials(folder: string): { sequence: number; arm: string }[] {
  const database = new DatabaseSync(join(folder, '.claw/store.sqlite'), { readOnly: true });
  const rows = database.prepare('SELECT record FROM trials ORDER BY sequence').all();
  database.close();
  return rows.map((row) => {
    const { sequence, armKey } = JSON.parse(String(row['record'])) as {
      sequence: number;
      armKey: string;
    };
    return { sequence, arm: armKey };
  });
}

describe('claw tune', () => {
  test(
    'with a bound on latency tells what single requests get, on the terminal and in tuned.json',
    { timeout: 240_000 },
    async () => {
      const folder = folderWithModel();
      const slo = ['--slo', 'p50<500ms', '--trials', '2', '--only', 'batch.maxSize=1,4'];
      const tuned = await claw(folder, 'tune', 'linear.onnx', ...slo, ...SHORT);
      expect(tuned.exitCode).toBe(0);
      expect(tuned.stderr).toMatch(/trial \d+ \(server, rate 1/);
      expect(tuned.stderr).toMatch(/requests\/s asked for, p99/);
      expect(tuned.stdout).toMatch(/single requests +(\S+\/s, p50 < 500 ms|no rate confirmed)/);
      const path = /tuned {3}(\S+)/.exec(tuned.stdout)?.[1] ?? '';
      const content = await readTuned(join(folder, path));
      expect(content.metrics.server?.bound).toEqual({ percentile: 'p50', limitMs: 500 });
      expect(content.baseline.metrics.server?.bound).toEqual({ percentile: 'p50', limitMs: 500 });
    },
  );

  test('a delay without single requests is refused, with what would use it', async () => {
    const folder = folderWithModel();
    const { stderr, exitCode } = await claw(
      folder,
      'tune',
      'linear.onnx',
      '--set',
      'batch.maxDelayMs=3',
    );
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^claw: batch\.maxDelayMs has no effect on full batches\n +add a bound/);
  });

  test(
    'runs to the end: report.html, tuned.json, and claw bench measures it again',
    { timeout: 120_000 },
    async () => {
      const folder = folderWithModel();
      const tuned = await claw(folder, 'tune', 'linear.onnx', '--trials', '4', ...SHORT, '--json');
      expect(tuned.stderr).toMatch(/trial 1 \(search/);
      expect(tuned.exitCode).toBe(0);
      const result = jsonOf(tuned);
      expect(result).toMatchObject({
        state: 'finished',
        outcome: { kind: expect.stringMatching(/winner|default/) as string },
      });
      const report = readFileSync(join(folder, String(result['report'])), 'utf8');
      expect(report).toMatch(/<svg/);
      expect(report.length).toBeLessThan(3e6);
      const tunedPath = join(folder, String(result['tuned']));
      const content = JSON.parse(readFileSync(tunedPath, 'utf8')) as { model: { path: string } };
      expect(content).toMatchObject({
        schema: 'openclaw.tuned/1',
        runtime: { name: 'onnxruntime' },
      });
      expect(resolve(tunedPath, '..', content.model.path)).toBe(join(folder, 'linear.onnx'));
      const bench = await claw(
        folder,
        'bench',
        '--config',
        String(result['tuned']),
        '--duration',
        '60ms',
        '--json',
      );
      // 1: a machine that runs other tests too may make the trial invalid.
      expect([0, 1]).toContain(bench.exitCode);
      expect(jsonOf(bench)).toMatchObject({
        schema: 'openclaw.bench/1',
        trials: expect.arrayContaining([
          expect.objectContaining({ metrics: expect.anything() as unknown }) as unknown,
        ]) as unknown,
      });
      const again = await claw(folder, 'report', 'latest', '-o', 'again.html');
      expect(again).toMatchObject({ exitCode: 0, stdout: 'again.html\n' });
      expect(readFileSync(join(folder, 'again.html'), 'utf8')).toBe(report);
    },
  );

  test(
    'exits with 4 when nothing meets the constraints, and exports nothing',
    { timeout: 60_000 },
    async () => {
      const folder = folderWithModel();
      const result = await claw(
        folder,
        'tune',
        'linear.onnx',
        '--trials',
        '2',
        ...SHORT,
        '--max-memory',
        '1MiB',
      );
      expect(result.exitCode).toBe(4);
      expect(result.stdout).toMatch(
        /nothing is exported: no arm meets the constraints; the nearest miss: memory/,
      );
      expect(result.stdout).not.toMatch(/tuned\.json/);
    },
  );

  test(
    'killed in the middle, it goes on with --resume=latest: nothing repeated, nothing lost',
    { timeout: 120_000 },
    async () => {
      const folder = folderWithModel();
      const first = startClaw(folder, 'tune', 'linear.onnx', '--trials', '5', ...SHORT);
      await first.says('trial 3 ');
      first.process.kill('SIGKILL');
      await first.ended;
      const before = storedTrials(folder);
      expect(before.length).toBeGreaterThanOrEqual(3);
      const resumed = await claw(folder, 'tune', '--resume=latest', '--json');
      expect(resumed.exitCode).toBe(0);
      const after = storedTrials(folder);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after.map((trial) => trial.sequence)).toEqual(after.map((_, index) => index));
      expect(resumed.stderr).not.toMatch(/trial 3 /);
      const finished = await claw(folder, 'tune', '--resume');
      expect(finished.exitCode).toBe(0);
      expect(storedTrials(folder)).toEqual(after);
    },
  );

  test('a run that is being driven cannot be driven twice', { timeout: 60_000 }, async () => {
    const folder = folderWithModel();
    const first = startClaw(folder, 'tune', 'linear.onnx', '--trials', '50', ...SHORT);
    await first.says('trial 1 ');
    const second = await claw(folder, 'tune', '--resume=latest');
    expect(second).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/driven by another process/) as string,
    });
    first.process.kill('SIGINT');
    expect((await first.ended).exitCode).toBe(130);
  });
});

describe('claw tune in a terminal', () => {
  test('draws a progress bar over itself, and the result below', { timeout: 120_000 }, async () => {
    const folder = folderWithModel();
    const { exitCode, screen } = await clawInTerminal(folder, [
      'tune',
      'linear.onnx',
      '--trials',
      '2',
      ...SHORT,
    ]);
    expect(exitCode).toBe(0);
    const lines = screen.split(CLEARED_LINE);
    expect(lines.some((line) => /^\[#*-*\] \d+ trials?, best [\d,.]+\/s, search/.test(line))).toBe(
      true,
    );
    expect(screen).toMatch(/verify \d+ of (3|12)/);
    expect(screen).toMatch(/report {2}\.claw\/runs\/.*report\.html/);
  });

  test(
    'Ctrl-C ends it cleanly with the best so far and how to go on',
    { timeout: 60_000 },
    async () => {
      const folder = folderWithModel();
      let pressed = false;
      const { exitCode, screen } = await clawInTerminal(
        folder,
        ['tune', 'linear.onnx', '--trials', '50', ...SHORT],
        {
          onData: (shown, type) => {
            if (pressed || !/\] 2 trials/.test(shown)) return;
            pressed = true;
            type('\u0003');
          },
        },
      );
      expect(exitCode).toBe(130);
      expect(screen).toMatch(/best so far \(one trial, not verified\): \d+ replica/);
      const resume = /claw tune --resume=(\S+)/.exec(screen)?.[1] ?? '';
      expect(existsSync(join(folder, '.claw/runs', resume, 'report.html'))).toBe(true);
      expect(screen).not.toMatch(/^\s+at /m);
    },
  );

  test('a mistyped option is named, with the nearest one', async () => {
    const { exitCode, screen } = await clawInTerminal(temporaryFolder(), ['tune', '--buget', '1m']);
    expect(exitCode).toBe(2);
    expect(screen).toMatch(/unknown option '--buget'/);
    expect(screen).toMatch(/--budget/);
  });
});

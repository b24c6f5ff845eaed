import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { readTuned } from '../../tuner/export/tuned.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, clawInTerminal, startClaw, type ClawResult } from './run-claw.ts';

/** Short trials: these tests are about the command, not about figures. */
const SHORT = ['--duration', '60ms'] as const;

/** No variants of the model are made, and no passes are run. */
const PLAIN = ['--only', 'precision=fp32', '--only', 'passes=none'] as const;

/** What stands beside the default is slower by far: its own figures are then verified, in 3 trials. */
const BESIDE_DEFAULT = [
  ...PLAIN,
  '--set',
  'isolation=process',
  '--set',
  'batch.maxSize=1',
] as const;

/** The default alone: nothing else can be verified. */
const DEFAULT_ALONE = [
  'precision=fp32',
  'passes=none',
  'batch.maxSize=1',
  'replicas=1',
  `intraOpThreads=${usableCores(systemFiles())}`,
  'spinning=true',
  'graphLevel=all',
  'arena=true',
  'memPattern=true',
].flatMap((setting) => ['--set', setting]);

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

type StoredTrials = readonly { readonly sequence: number; readonly arm: string }[];

/** Sequence numbers of the stored trials, and their arms. */
function storedTrials(folder: string): StoredTrials {
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

/** A run that was killed, gone on with, interrupted and gone on with again; and all that it left. */
interface KilledRun {
  /** The stored trials when it was dead, when it had ended, and when it was asked for once more. */
  readonly before: StoredTrials;
  readonly after: StoredTrials;
  readonly later: StoredTrials;
  /** What each command said, in their order. */
  readonly killed: ClawResult;
  readonly refused: ClawResult;
  readonly interrupted: ClawResult;
  readonly resumed: ClawResult;
  readonly again: ClawResult;
}

async function killAndResume(folder: string): Promise<KilledRun> {
  const slo = ['--slo', 'p50<500ms', '--trials', '4', ...SHORT, ...BESIDE_DEFAULT];
  const first = startClaw(folder, 'tune', 'linear.onnx', ...slo);
  await first.says('trial 3 ');
  first.process.kill('SIGKILL');
  const killed = await first.ended;
  const before = storedTrials(folder);
  const second = startClaw(folder, 'tune', '--resume=latest');
  await second.says('trial 5 ');
  const refused = await claw(folder, 'tune', '--resume=latest');
  second.process.kill('SIGINT');
  const interrupted = await second.ended;
  const resumed = await claw(folder, 'tune', '--resume=latest');
  const after = storedTrials(folder);
  const again = await claw(folder, 'tune', '--resume', '--json');
  const later = storedTrials(folder);
  return { before, after, later, killed, refused, interrupted, resumed, again };
}

describe('claw tune, killed in the middle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claw-test-'));
  let run: KilledRun;

  beforeAll(async () => {
    writeLinearModel(folder);
    run = await killAndResume(folder);
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('goes on with --resume=latest: nothing repeated, nothing lost', () => {
    const { before, after, later, killed, interrupted, resumed, again } = run;
    expect(killed.stderr).toMatch(/trial 1 \(search/);
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(resumed.exitCode).toBe(0);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.map((trial) => trial.sequence)).toEqual(after.map((_, index) => index));
    expect(interrupted.stderr).not.toMatch(/trial 3 /);
    expect(resumed.stderr).not.toMatch(/trial [35] /);
    expect(again.exitCode).toBe(0);
    expect(later).toEqual(after);
  });

  test('cannot be driven twice, and is stopped by an interrupt', () => {
    expect(run.refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/driven by another process/) as string,
    });
    expect(run.interrupted.exitCode).toBe(130);
  });

  test('tells what single requests get, on the terminal and in tuned.json', async () => {
    const { stdout, stderr } = run.resumed;
    expect(stderr).toMatch(/trial \d+ \(server, rate 1/);
    expect(stderr).toMatch(/requests\/s asked for, p99/);
    expect(stdout).toMatch(/single requests +(\S+\/s, p50 < 500 ms|no rate confirmed)/);
    const path = /tuned {3}(\S+)/.exec(stdout)?.[1] ?? '';
    const content = await readTuned(join(folder, path));
    expect(content.metrics.server?.bound).toEqual({ percentile: 'p50', limitMs: 500 });
    expect(content.baseline.metrics.server?.bound).toEqual({ percentile: 'p50', limitMs: 500 });
  });

  test('ends with report.html and tuned.json, and the report can be written again', async () => {
    const result = jsonOf(run.again);
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
    const again = await claw(folder, 'report', 'latest', '-o', 'again.html');
    expect(again).toMatchObject({ exitCode: 0, stdout: 'again.html\n' });
    expect(readFileSync(join(folder, 'again.html'), 'utf8')).toBe(report);
  });

  test('claw bench measures what it tuned', { timeout: 120_000 }, async () => {
    const tuned = String(jsonOf(run.again)['tuned']);
    const bench = await claw(folder, 'bench', '--config', tuned, ...SHORT, '--json');
    // 1: a machine that runs other tests too may make the trial invalid.
    expect([0, 1]).toContain(bench.exitCode);
    expect(jsonOf(bench)).toMatchObject({
      schema: 'openclaw.bench/1',
      trials: expect.arrayContaining([
        expect.objectContaining({ metrics: expect.anything() as unknown }) as unknown,
      ]) as unknown,
    });
  });
});

describe('claw tune', () => {
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
        ...PLAIN,
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
      ...DEFAULT_ALONE,
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
        ['tune', 'linear.onnx', '--trials', '50', ...SHORT, ...PLAIN],
        {
          onData: (shown, type) => {
            // Several, of which one counts: the machine may have spoilt the first.
            if (pressed || !/\] \d+ trials, best/.test(shown)) return;
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

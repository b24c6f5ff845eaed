import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { benchRecordSchema, type BenchRecord } from '../../suites/bench-record.ts';
import { isTransient } from '../../suites/trial-findings.ts';
import { openSqliteStore } from '../../tuner/store/sqlite-store.ts';
import type { Store } from '../../tuner/store/store.ts';
import { writeNoise } from '../support/kept-noise.ts';
import { canMount, mount } from '../support/mount.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, startClaw, type ClawResult } from './run-claw.ts';

// Real trials, but short ones: these tests are about the command, not about figures.
const SHORT = ['--duration', '200ms', '--set', 'intraOpThreads=1'] as const;
const LONGEST = { timeout: 120_000 } as const;

function folderWithModel(): string {
  const folder = temporaryFolder();
  writeLinearModel(folder);
  return folder;
}

async function storeIn(folder: string): Promise<Store> {
  const store = await openSqliteStore(join(folder, '.claw/store.sqlite'), systemFiles());
  onTestFinished(() => store.close());
  return store;
}

/** A busy machine may make a trial invalid, which is the machine's doing and no failure here. */
function recordOf({ stdout, exitCode }: ClawResult): BenchRecord {
  const record = benchRecordSchema.parse(JSON.parse(stdout));
  const last = record.trials.at(-1);
  const reasons = last?.state === 'invalid' ? last.reasons : [];
  expect(['completed', 'invalid']).toContain(last?.state);
  expect(reasons.filter((reason) => !isTransient(reason))).toEqual([]);
  expect(exitCode).toBe(last?.state === 'completed' ? 0 : 1);
  return record;
}

describe('claw bench', () => {
  test(
    'prints what it measured as one document, and keeps it with its samples',
    LONGEST,
    async () => {
      const folder = temporaryFolder();
      writeCopyingModel(folder);
      // Passes that are set before another knob are built all the same.
      const args = ['bench', 'copying.onnx', '--set', 'passes=clean', ...SHORT, '--json'];
      const record = recordOf(await claw(folder, ...args));
      expect(record).toMatchObject({ comparison: null, peak: null });
      const store = await storeIn(folder);
      expect(await store.listBenches()).toEqual([record]);
      const last = record.trials.at(-1);
      expect(last).toMatchObject({
        purpose: { kind: 'bench' },
        scenario: { name: 'closed-loop' },
        config: { passes: 'clean', intraOpThreads: 1 },
      });
      const metrics =
        last?.state === 'completed' || last?.state === 'invalid' ? last.metrics : null;
      expect((await store.findSamples(last?.id ?? ''))?.length).toBe(metrics?.latencyMs.count);
    },
  );

  test('serves arrivals at a rate, and says whether the bound holds', LONGEST, async () => {
    const server = ['--scenario', 'server', '--rate', '50', '--slo', 'p50<50ms'];
    const args = ['bench', 'linear.onnx', ...SHORT, ...server];
    const { stdout, exitCode } = await claw(folderWithModel(), ...args);
    expect(exitCode).toBe(stdout.includes('\nINVALID: ') ? 1 : 0);
    expect(stdout).toMatch(/^linear\.onnx: 1 replica x 1 thread, batch 1, level all\n/);
    expect(stdout).toContain('\n  server: Poisson arrivals at 50 queries/s, one sample each');
    expect(stdout).toMatch(/\n {2}generator lag {3}p99 \S+ ms\n/);
    expect(stdout).toMatch(/\n {2}bound {11}p50 < 50 ms: (held, with 99 % confidence|NOT held)\n/);
  });

  test('names passes that change nothing', async () => {
    const args = ['bench', 'linear.onnx', '--set', 'passes=clean'];
    const { stdout, stderr, exitCode } = await claw(folderWithModel(), ...args);
    expect(stderr).toMatch(/\nclaw: the passes 'clean' change nothing .*\n {2}leave passes out\n$/);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('Ctrl-C ends it: nothing is kept, and nothing is half-written', LONGEST, async () => {
    const folder = folderWithModel();
    const running = startClaw(folder, 'bench', 'linear.onnx', '--duration', '60s');
    await running.says('measuring\n');
    running.process.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/stopped: nothing was kept\n$/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await (await storeIn(folder)).listBenches()).toEqual([]);
    const files = readdirSync(join(folder, '.claw'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.tmp|-journal/.test(name))).toEqual([]);
  });

  test(
    'compares with a kept noise floor, and says why no block was completed',
    LONGEST,
    async () => {
      const folder = folderWithModel();
      const noise = writeNoise(folder);
      const { stdout, stderr, exitCode } = await claw(folder, ...comparison(folder));
      expect(exitCode).toBe(1);
      expect(stderr).not.toContain('noise');
      expect(stdout).toMatch(
        /no block was completed; the last trial of the baseline:\nthe trial failed: /,
      );
      const [record] = await (await storeIn(folder)).listBenches();
      expect(record?.comparison).toMatchObject({ blocks: [], metrics: [], noise });
      expect(record?.trials[0]).toMatchObject({
        purpose: { kind: 'compare', block: 0, position: 0, side: 'b' },
        config: { replicas: 2, isolation: 'thread', intraOpThreads: 1 },
      });
    },
  );

  test('says what is wrong with a model, in one message', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'text.onnx'), 'this is not a model, it is a text about models');
    const { stdout, stderr, exitCode } = await claw(folder, 'bench', 'text.onnx');
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^claw: .*text\.onnx/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('finds a mistyped knob before it touches anything', async () => {
    const folder = folderWithModel();
    const { stderr, exitCode } = await claw(folder, 'bench', 'linear.onnx', '--set', 'replica=2');
    expect(stderr).toMatch(/^claw: --set replica=2: there is no knob 'replica'\n {2}knobs: /);
    expect(exitCode).toBe(2);
    expect(existsSync(join(folder, '.claw'))).toBe(false);
  });

  test.skipIf(!canMount())('shows its figures, though the disk is full', LONGEST, async () => {
    const folder = folderWithModel();
    mkdirSync(join(folder, '.claw'));
    // Room for the data and an empty store, but not for a record.
    mount(join(folder, '.claw'), 'size=64k');
    writeNoise(folder);
    const { stdout, stderr, exitCode } = await claw(folder, ...comparison(folder));
    expect(stdout).toMatch(/the last trial of the baseline:\nthe trial failed: /);
    expect(stderr).toMatch(/claw: the store .*cannot grow: the disk is full\n {2}free some space/);
    expect(exitCode).toBe(1);
  });
});

/**
 * A comparison that ends soon: the runtime refuses the baseline only when it makes
 * a session, so that its first trial fails. With this seed the candidate is first.
 */
function comparison(folder: string): string[] {
  const baseline = join(folder, 'baseline.json');
  // More digits than the runtime's own parser holds.
  const sessionEntries = { 'session.dynamic_block_base': '9'.repeat(20) };
  writeFileSync(baseline, JSON.stringify({ intraOpThreads: 2, sessionEntries }));
  const set = ['--set', 'replicas=2', '--set', 'intraOpThreads=1', '--against', baseline];
  return ['bench', 'linear.onnx', '--duration', '60ms', '--seed', '2', ...set];
}

/** `y = max(x, 0)` of a copy of x: there is something to clean up. */
function writeCopyingModel(folder: string): void {
  const builder = new ModelBuilder({ name: 'copying', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 2]);
  builder.output(builder.node('Relu', [builder.node('Identity', [x])]), 'float32', ['N', 2]);
  writeFileSync(join(folder, 'copying.onnx'), writeModel(builder.build()));
}

import { appendFileSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sha256OfFile } from '../../../engine/base/files.ts';
import { UsageError } from '../../../engine/base/errors.ts';
import { createSharedMemory } from '../../../engine/memory/native-memory.ts';
import { ownIdentity, systemProcesses } from '../../../engine/memory/process-identity.ts';
import { segmentName } from '../../../engine/memory/segment-name.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { isAlive, sharedMemoryOf, until } from './open-process-replica.ts';
import { ENGINES, errorsOf, numbersOf, openEngine, rows } from './open-engine.ts';

describe.each(ENGINES)('opening an engine of %s', (_, config) => {
  test('is refused for a file that is absent, which is named', async () => {
    const artifact = `${temporaryFolder()}/absent.onnx`;
    await expect(Engine.open({ artifact, config })).rejects.toThrow(
      /cannot read the model .*absent\.onnx: there is no such file/,
    );
  });

  test('is refused for a file that is no model, which is named', async () => {
    const artifact = writeLinearModel(temporaryFolder());
    appendFileSync(artifact, 'and something else');
    await expect(Engine.open({ artifact, config })).rejects.toThrow(/linear\.onnx/);
  });

  test('needs the file that its digest says', async () => {
    const path = writeLinearModel(temporaryFolder());
    const sha256 = await sha256OfFile(path);
    const engine = await openEngine(config, { artifact: { path, sha256 } });
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
    const other = { path, sha256: sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) };
    await expect(Engine.open({ artifact: other, config })).rejects.toThrow(
      /linear\.onnx is not the one that was meant: its SHA-256 is/,
    );
  });

  test('can be given up before it begins and while it goes on', async () => {
    const artifact = writeLinearModel(temporaryFolder());
    const reason = new Error('never mind');
    const early = Engine.open({ artifact, config, signal: AbortSignal.abort(reason) });
    const controller = new AbortController();
    const late = Engine.open({ artifact, config, signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    expect(await errorsOf([early, late])).toEqual([reason, reason]);
  });

  test.each([
    [{ maxQueued: 0 }, /maxQueued .* not 0/],
    [{ config: { ...config, affinity: '1;1' } }, /affinity '1;1'/],
    [{ config: { ...config, provider: 'cuda' } }, /provider 'cuda' is not available/],
  ])(
    'is refused for options that cannot be applied, before a file is read: %#',
    async (options, message) => {
      const opening = Engine.open({ artifact: 'absent.onnx', config, ...options });
      await expect(opening).rejects.toThrow(UsageError);
      await expect(Engine.open({ artifact: 'absent.onnx', config, ...options })).rejects.toThrow(
        message,
      );
    },
  );
});

describe('an engine of processes', () => {
  const config = { isolation: 'process', replicas: 1 } as const;
  const restart = { firstDelayMs: 10, maxDelayMs: 20, stableAfterMs: 60_000, maxFailures: 2 };

  test('that is given up while a process loads the model leaves none behind', async () => {
    const children = (): readonly string[] =>
      readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
    const before = children();
    const controller = new AbortController();
    const opening = errorsOf([openEngine(config, { signal: controller.signal })]);
    const started = (): readonly string[] => children().filter((pid) => !before.includes(pid));
    await until(() => started().some((pid) => pid !== ''));
    const [pid] = started();
    controller.abort(new Error('never mind'));
    expect(await opening).toEqual([new Error('never mind')]);
    expect(isAlive(Number(pid))).toBe(false);
    expect(sharedMemoryOf(process.pid)).toEqual([]);
  });

  test('starts no process on a file that is another by then, and says so', async () => {
    const path = writeLinearModel(temporaryFolder());
    const engine = await openEngine(config, { artifact: path, restart });
    utimesSync(path, new Date(0), new Date(0));
    process.kill(engine.pids[0] as number, 'SIGKILL');
    await until(() => engine.stats().replicas.ready === 0);
    await expect(engine.infer(rows(1, 2))).rejects.toThrow(
      /linear\.onnx is not the one that was meant: its size or time is another/,
    );
  });

  test('starts a process on a file that was merely touched, where a digest proves it', async () => {
    const path = writeLinearModel(temporaryFolder());
    const artifact = { path, sha256: await sha256OfFile(path) };
    const engine = await openEngine(config, { artifact, restart });
    utimesSync(path, new Date(0), new Date(0));
    process.kill(engine.pids[0] as number, 'SIGKILL');
    await until(() => engine.stats().restarts === 1);
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
  });

  test('finds its file again when the working folder is another by then', async () => {
    const folder = temporaryFolder();
    writeLinearModel(folder);
    const before = process.cwd();
    process.chdir(folder);
    const opening = openEngine(config, { artifact: 'linear.onnx', restart });
    process.chdir(before);
    const engine = await opening;
    process.kill(engine.pids[0] as number, 'SIGKILL');
    await until(() => engine.stats().restarts === 1);
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
  });

  test('removes what a killed process left in shared memory', async () => {
    // This process id, as a process had it that started right after the machine.
    const owner = { ...ownIdentity(systemProcesses), startTicks: 1 };
    const name = segmentName(owner, 1);
    createSharedMemory(name, 4096).close();
    await openEngine(config);
    expect(readdirSync('/dev/shm')).not.toContain(name);
  });
});

test('several replicas need a thread or a process each', async () => {
  const config = { ...defaultEngineConfig(1), replicas: 3 };
  await expect(Engine.open({ artifact: 'absent.onnx', config })).rejects.toThrow(
    /one replica, not 3/,
  );
});

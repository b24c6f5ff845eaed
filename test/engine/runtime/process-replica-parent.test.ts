import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ENDLESS, isAlive, processConfig, sharedMemoryOf, until } from './open-process-replica.ts';
import { writeLoopModel } from './replica-models.ts';

describe('a parent that dies', () => {
  test.each([
    ['idle', false],
    ['in a run that hangs', true],
  ])('takes the process with it and leaves no memory, %s', async (_state, hangs) => {
    const parent = spawn(
      process.execPath,
      ['--input-type=module', '--eval', parentProgram(writeLoopModel(temporaryFolder()), hangs)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);
    if (hangs) await until(() => cpuTicks(pid) > 20);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
    expect(sharedMemoryOf(parent.pid ?? 0, pid)).toEqual([]);
  });

  /** Opens a replica and says its process, then stays. */
  function parentProgram(modelPath: string, hangs: boolean): string {
    const module = new URL('../../../engine/runtime/process-replica.ts', import.meta.url).href;
    return `
      import { openProcessReplica } from '${module}';
      const config = ${JSON.stringify(processConfig)};
      const replica = await openProcessReplica({ modelPath: ${JSON.stringify(modelPath)}, config });
      const feeds = (count) => ({
        x: { type: 'float32', dims: [64, 64], data: new Float32Array(4096) },
        count: { type: 'int64', dims: [], data: BigInt64Array.of(count) },
      });
      await replica.run(feeds(1n));
      console.log(replica.pid);
      if (${hangs}) await replica.run(feeds(${ENDLESS}n));
      setInterval(() => undefined, 1000);`;
  }

  /** Processor time that a process has used, in ticks of 10 ms. */
  function cpuTicks(pid: number): number {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]);
  }
});

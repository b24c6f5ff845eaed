import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { applyRuntimeEnvironment } from '../../../engine/runtime/environment.ts';
import type { BareCount, BareWindow } from './engine-bare-process.ts';

/** Bare sessions of one model, each in a process of its own. */
export class BareSessions {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async open(modelPath: string, count: number): Promise<BareSessions> {
    const children = Array.from({ length: count }, () =>
      forkProgram('./engine-bare-process.ts', modelPath),
    );
    await Promise.all(children.map((child) => nextMessage(child)));
    return new BareSessions(children);
  }

  /** Runs of all of them a second, at once and for as long. */
  async runsPerSecond(windowMs: number): Promise<number> {
    const window: BareWindow = { windowMs };
    const counts = await Promise.all(
      this.#children.map(async (child) => {
        child.send(window);
        return (await nextMessage(child)) as BareCount;
      }),
    );
    return counts.reduce((sum, { runsPerSecond }) => sum + runsPerSecond, 0);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** A child with a channel of structured clones, which ends with `kill`. */
export function forkProgram(file: string, argument: string): ChildProcess {
  const environment = { ...process.env };
  applyRuntimeEnvironment(environment);
  return fork(fileURLToPath(new URL(file, import.meta.url)), [argument], {
    env: environment,
    serialization: 'advanced',
  });
}

/** Rejects when the child ends instead. */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`a process of the benchmark ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [
      unknown,
    ];
    return message;
  } finally {
    settled.abort();
  }
}

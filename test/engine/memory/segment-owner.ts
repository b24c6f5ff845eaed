import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { sweepSharedMemory } from '../../../engine/memory/sweep-shared-memory.ts';
import type { OwnerMessage } from './programs/segment-owner-process.ts';

/** A child that runs one of the programs beside this file; it and its memory go with the test. */
export function startProgram(name: string): ChildProcess {
  const child = fork(new URL(`./programs/${name}.ts`, import.meta.url), [], { execArgv: [] });
  const gone = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
    sweepSharedMemory();
  });
  return child;
}

/** What the child sends next, not checked. */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, 'message')) as [unknown];
  return message;
}

/** A process that owns two segments, and how to talk to it. */
export async function startOwner(): Promise<SegmentOwner> {
  const child = startProgram('segment-owner-process');
  const opened = (await nextMessage(child)) as OwnerMessage;
  const tell = async (command: string): Promise<OwnerMessage> => {
    child.send(command);
    return (await nextMessage(child)) as OwnerMessage;
  };
  const end = async (how: 'SIGKILL' | 'exit'): Promise<void> => {
    const gone = once(child, 'exit');
    if (how === 'exit') child.send('exit');
    else child.kill(how);
    await gone;
  };
  return { ...opened, tell, end };
}

export interface SegmentOwner extends OwnerMessage {
  tell(command: 'read' | 'again' | 'close'): Promise<OwnerMessage>;
  /** Returns when the process is gone. */
  end(how: 'SIGKILL' | 'exit'): Promise<void>;
}

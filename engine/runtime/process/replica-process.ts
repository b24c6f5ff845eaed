import { messageOf, UserError } from '../../base/errors.ts';
import { loadLibC } from '../../memory/libc.ts';
import { adoptSharedFile } from '../../memory/shared-file.ts';
import { createSession, type Session } from '../binding.ts';
import { Arena } from './arena.ts';
import { ARENA_FD, ARENA_LABEL, REQUESTS_FD } from './descriptors.ts';
import { readFrameSync, writeFrameSync } from './frames.ts';
import type { OpenRequest, Reply, Request, RunRequest } from './messages.ts';
import { viewTensors } from './receive-tensors.ts';

import { SegmentGoneError, Segments } from './segments.ts';
import { arenaExtentOf, sendTensors } from './send-tensors.ts';

// The program of a process replica: one session, one request at a time, until
// the stream of requests ends.

const SIGKILL = 9;

interface Opened {
  readonly session: Session;
  readonly arena: Arena;
  readonly segments: Segments;
}

let opened: Opened | null = null;

dieWithParent();
ignoreSignals();
await serve();

/** Also in the middle of a run, when nobody looks at the stream. */
function dieWithParent(): void {
  loadLibC().signalOnParentDeath(SIGKILL);
  // It may have died before this process could ask.
  if (process.ppid !== Number(process.argv[2])) process.kill(process.pid, 'SIGKILL');
}

/**
 * A terminal's Ctrl-C and a service manager's SIGTERM reach the whole group: the
 * parent decides what becomes of requests in flight.
 */
function ignoreSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => undefined);
  }
}

async function serve(): Promise<void> {
  for (let text = readFrameSync(REQUESTS_FD); text !== null; text = readFrameSync(REQUESTS_FD)) {
    writeFrameSync(REQUESTS_FD, await answer(JSON.parse(text) as Request));
  }
  await opened?.session.close();
}

async function answer(request: Request): Promise<Reply> {
  try {
    return request.kind === 'open' ? await open(request) : await run(request);
  } catch (thrown) {
    if (thrown instanceof SegmentGoneError) return { kind: 'unmapped', segment: thrown.segment };
    const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
    return { kind: 'failed', message: messageOf(thrown), remedy };
  }
}

async function open(request: OpenRequest): Promise<Reply> {
  const session = await createSession(request.modelPath, request.options);
  const arena = new Arena(adoptSharedFile(ARENA_FD, ARENA_LABEL), request.maxArenaBytes);
  opened = { session, arena, segments: new Segments() };
  return { kind: 'opened', inputs: session.inputs, outputs: session.outputs };
}

async function run(request: RunRequest): Promise<Reply> {
  if (opened === null) throw new Error('the first request must open a session');
  const { session, arena, segments } = opened;
  arena.settle();
  arena.follow(request.arenaBytes);
  const feeds = Object.values(request.feeds);
  segments.attach(feeds.flatMap((feed) => ('segment' in feed ? (feed.segment ?? []) : [])));
  const outputs = await session.run(
    viewTensors(request.feeds, (segment) => {
      return segment === undefined ? arena.buffer : segments.bufferOf(segment);
    }),
  );
  const taken = feeds.flatMap((feed) => arenaExtentOf(feed) ?? []);
  return {
    kind: 'done',
    outputs: sendTensors(outputs, arena, { taken }),
    arenaBytes: arena.sizeBytes,
  };
}

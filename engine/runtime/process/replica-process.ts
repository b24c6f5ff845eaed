import { messageOf, UserError } from '../../base/errors.ts';
import { loadLibC } from '../../memory/libc.ts';
import { REQUESTS_FD } from './descriptors.ts';
import { FrameStream } from './frame-stream.ts';
import type { FailedReply, Reply, Request } from './messages.ts';
import { SegmentGoneError } from './segments.ts';
import { ServedSession } from './served-session.ts';

// The program of a process replica: one session, one request at a time, until
// the stream of requests ends.

const SIGKILL = 9;

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
  const stream = new FrameStream(REQUESTS_FD, (text) => JSON.parse(text) as Request);
  let session: ServedSession | null = null;
  for (let request = stream.read(); request !== null; request = stream.read()) {
    try {
      if (request.kind === 'open') session = await ServedSession.open(request);
      stream.write(await answer(request, session));
    } catch (thrown) {
      stream.write(toFailure(thrown));
    }
  }
  await session?.close();
}

function answer(request: Request, session: ServedSession | null): Reply | Promise<Reply> {
  if (session === null) throw new Error('the first request must open a session');
  return request.kind === 'open' ? session.metadata() : session.run(request);
}

function toFailure(thrown: unknown): Exclude<Reply, { kind: 'opened' | 'done' }> {
  if (thrown instanceof SegmentGoneError) return { kind: 'unmapped', segment: thrown.segment };
  const failure: FailedReply = { kind: 'failed', message: messageOf(thrown) };
  const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
  return remedy === undefined ? failure : { ...failure, remedy };
}

import { createSession } from '../../../engine/runtime/binding.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import { ONE_THREAD, sizedFeeds } from './engine-models.ts';

// A bare session in a loop, for as long as a message says, without a pause in between: the
// most that a process can do with it. Its argument is the model.

export interface BareWindow {
  readonly windowMs: number;
}

export interface BareCount {
  readonly runsPerSecond: number;
}

const session = await createSession(process.argv[2] ?? '', toSessionOptions(ONE_THREAD));
const feeds = sizedFeeds();
await session.run(feeds);
process.on('message', ({ windowMs }: BareWindow) => void count(windowMs));
process.send?.('ready');

async function count(windowMs: number): Promise<void> {
  const startedMs = performance.now();
  let runs = 0;
  let elapsedMs = 0;
  while (elapsedMs < windowMs) {
    await session.run(feeds);
    runs += 1;
    elapsedMs = performance.now() - startedMs;
  }
  const counted: BareCount = { runsPerSecond: (1000 * runs) / elapsedMs };
  process.send?.(counted);
}

import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../../engine/base/random.ts';
import { Batcher } from '../../../../engine/runtime/batching/batcher.ts';
import { FakeClock } from './fake-clock.ts';
import { MockTarget, type MockFeeds } from './mock-target.ts';

const REQUESTS = 150;
const SEEDS = Array.from({ length: 30 }, (_, seed) => seed);

interface Sent extends MockFeeds {
  readonly priority: number;
  readonly sentMs: number;
  readonly deadlineMs: number | null;
  /** Every answer or failure that came; there must be one. */
  readonly ends: string[];
}

/** Sends random requests at random times, some with deadlines and aborts, and waits for all. */
async function runTrace(random: Random): Promise<Trace> {
  const [clock, sent] = [new FakeClock(), [] as Sent[]];
  const failure = (names: readonly string[]): Error | null =>
    names.some((name) => name.includes('bad')) ? new Error('bad') : null;
  const target = new MockTarget({ clock, runMs: 3, failure });
  const maxSize = random.pick([1, 3, 8]);
  const slots = random.pick([1, 3]);
  const maxDelayMs = random.pick([0, 5]);
  const batcher = new Batcher({ clock, target, slots, maxSize, maxDelayMs, maxQueued: 20 });
  for (let index = 0; index < REQUESTS; index += 1) {
    await clock.advanceTo(clock.nowMs() + random.pick([0, 0, 0, 1, 2]));
    sent.push(send(batcher, { random, index, clock }));
  }
  const drained = batcher.drain();
  await clock.advanceTo(clock.nowMs() + 1000);
  await drained;
  return { clock, target, batcher, sent, maxSize, slots };
}

interface Trace {
  readonly clock: FakeClock;
  readonly target: MockTarget;
  readonly batcher: Batcher<MockFeeds, string>;
  readonly sent: readonly Sent[];
  readonly maxSize: number;
  readonly slots: number;
}

interface Sending {
  readonly random: Random;
  readonly index: number;
  readonly clock: FakeClock;
}

function send(batcher: Batcher<MockFeeds, string>, { random, index, clock }: Sending): Sent {
  const sent: Sent = {
    name: random.next() < 0.05 ? `bad${index}` : `r${index}`,
    samples: random.pick([1, 1, 1, 2, 12]),
    shape: random.pick(['a', 'a', 'b', null]),
    priority: 1 + random.integer(5),
    sentMs: clock.nowMs(),
    deadlineMs: random.next() < 0.3 ? 1 + random.integer(8) : null,
    ends: [],
  };
  const controller = new AbortController();
  const options = {
    priority: sent.priority,
    ...(sent.deadlineMs === null ? {} : { deadlineMs: sent.deadlineMs }),
    ...(random.next() < 0.3 ? { signal: controller.signal } : {}),
  };
  batcher.submit(sent, options).then(
    (answer) => sent.ends.push(answer),
    (thrown: unknown) => sent.ends.push((thrown as Error).name),
  );
  if (random.next() < 0.3) clock.setTimer(() => controller.abort(), random.integer(9));
  return sent;
}

/** Requests in the order in which their first run started. */
function firstRuns(trace: Trace): readonly Sent[] {
  return [...new Set(trace.target.requests.flat())] as Sent[];
}

describe('Batcher', () => {
  it.each(SEEDS)('keeps its promises under a random load: seed %d', async (seed) => {
    const trace = await runTrace(createRandom(seed, 'batcher'));
    const { sent, target, clock, batcher } = trace;
    // Exactly one answer each, and the right one.
    expect(sent.filter(({ ends }) => ends.length !== 1)).toEqual([]);
    const allowed = ['AbortError', 'DeadlineError', 'QueueFullError'];
    const wrong = sent.filter(({ name, ends }) => {
      const own = name.startsWith('bad') ? 'Error' : name.toUpperCase();
      return ends[0] !== own && !allowed.includes(ends[0] as string);
    });
    expect(wrong).toEqual([]);
    expect(target.peak).toBeLessThanOrEqual(trace.slots);
    expect(clock.pendingTimers).toBe(0);
    expect(batcher.stats()).toMatchObject({
      queued: 0,
      running: 0,
      started: firstRuns(trace).length,
    });
  });

  it.each(SEEDS)('forms lawful batches under a random load: seed %d', async (seed) => {
    const trace = await runTrace(createRandom(seed, 'batcher'));
    for (const batch of trace.target.requests.filter((requests) => requests.length > 1)) {
      expect(new Set(batch.map(({ shape }) => shape)).size).toBe(1);
      expect(batch[0]?.shape).not.toBeNull();
      const samples = batch.reduce((sum, request) => sum + request.samples, 0);
      expect(samples).toBeLessThanOrEqual(trace.maxSize);
    }
    const started = firstRuns(trace);
    const overtaken = started.filter((request, index) =>
      started
        .slice(index + 1)
        .some((later) => isSameClass(request, later) && numberOf(later) < numberOf(request)),
    );
    expect(overtaken).toEqual([]);
  });

  it('meets every kind of end in these loads, so that each is tested', async () => {
    const ends = new Set<string>();
    let merged = 0;
    for (const seed of SEEDS) {
      const trace = await runTrace(createRandom(seed, 'batcher'));
      for (const { ends: own } of trace.sent) ends.add(own[0] as string);
      merged += trace.target.requests.filter((requests) => requests.length > 1).length;
    }
    expect([...ends]).toEqual(
      expect.arrayContaining(['AbortError', 'DeadlineError', 'QueueFullError', 'Error', 'R1']),
    );
    expect(merged).toBeGreaterThan(100);
  });
});

/** Whether the two may not overtake each other; without a shape nothing waits for company. */
function isSameClass(a: Sent, b: Sent): boolean {
  return a.shape === b.shape && a.priority === b.priority;
}

function numberOf(sent: Sent): number {
  return Number(sent.name.replace(/\D+/, ''));
}

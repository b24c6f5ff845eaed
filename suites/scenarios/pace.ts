/** What keeping a schedule needs of the world. */
export interface PaceTime {
  nowMs(): number;
  /** Returns at that time or later; earlier only when the schedule was stopped. */
  waitUntil(ms: number): void | Promise<void>;
  isStopped(): boolean;
}

/**
 * Announces each arrival when it is due, in order, and writes how late it was
 * into `lagsMs`: the time at which the announcement was out, less the scheduled
 * time. After a stall of its own it announces all that is overdue at once: the
 * schedule never slips. Returns how many were announced.
 */
export async function pace(
  arrivalsMs: Float64Array,
  schedule: {
    readonly startMs: number;
    readonly lagsMs: Float64Array;
    readonly announce: (index: number) => void;
  },
  time: PaceTime,
): Promise<number> {
  for (let index = 0; index < arrivalsMs.length; index += 1) {
    const dueMs = schedule.startMs + (arrivalsMs[index] as number);
    if (time.nowMs() < dueMs) await time.waitUntil(dueMs);
    if (time.isStopped()) return index;
    schedule.announce(index);
    schedule.lagsMs[index] = time.nowMs() - dueMs;
  }
  return arrivalsMs.length;
}

/** One arm as a point: less latency and more throughput are better. */
export interface TradeOff {
  readonly latencyMs: number;
  readonly qps: number;
}

/** Points that no other point beats in both, by ascending latency. O(n log n). */
export function paretoFront<T extends TradeOff>(points: readonly T[]): readonly T[] {
  const ordered = points.toSorted(
    (left, right) => left.latencyMs - right.latencyMs || right.qps - left.qps,
  );
  const front: T[] = [];
  for (const point of ordered) {
    const last = front.at(-1);
    if (last === undefined || point.qps > last.qps) front.push(point);
  }
  return front;
}

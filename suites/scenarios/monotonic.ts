/**
 * A clock in milliseconds that all threads and processes of a machine share
 * (CLOCK_MONOTONIC on Linux): `performance.now()` counts from the start of each
 * thread. The two are tied once, so that reading it allocates nothing.
 */
export function monotonicMs(): () => number {
  const before = performance.now();
  const shared = Number(process.hrtime.bigint()) / 1e6;
  const offset = shared - (before + performance.now()) / 2;
  return () => performance.now() + offset;
}

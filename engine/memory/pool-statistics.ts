/** What a pool did and holds; bytes are of this moment unless the name says otherwise. */
export interface PoolStatistics {
  /** Takes that were served by a block of the pool. */
  readonly hits: number;
  /** Takes that had to allocate. */
  readonly misses: number;
  /** Leases that are neither released nor known to be lost. */
  readonly outstanding: number;
  /** Leases that the garbage collector took without a release; it may lag behind. */
  readonly leaks: number;
  /** All blocks, lent or free, headers included. */
  readonly heldBytes: number;
  /** Asked for by the outstanding leases. */
  readonly liveBytes: number;
  readonly peakHeldBytes: number;
  readonly peakLiveBytes: number;
  /** Of lost leases, in memory that no garbage collector frees: kept until the pool closes. */
  readonly lostBytes: number;
  /** Share of the lent blocks that nobody asked for, 0 when nothing is lent. */
  readonly internalFragmentation: number;
}

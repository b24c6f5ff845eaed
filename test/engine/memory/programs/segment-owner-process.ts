import { createSharedPool } from '../../../../engine/memory/shared-pool.ts';

/**
 * A process that owns two segments and sends their references to its parent:
 * the first holds 1, 2, 3, ... as 1000 float32. It then does as it is told:
 * `read` sends back the first element, `again` ends the first lease and sends a
 * new one of the same block, `close` closes the pool, `exit` just ends.
 */
export interface OwnerMessage {
  readonly references: readonly { readonly name: string; readonly generation: number }[];
  readonly first: number;
}

const pool = createSharedPool();
let lease = pool.take(4000);
lease.view(Float32Array, 1000).set(Float32Array.from({ length: 1000 }, (_, index) => index + 1));
const other = pool.take(100_000);

process.on('message', (command) => {
  if (command === 'again') {
    lease.release();
    lease = pool.take(4000);
  }
  if (command === 'close') {
    lease.release();
    other.release();
    pool.close();
  }
  // Its leases and its pool are left as they are.
  if (command === 'exit') process.exit();
  tell();
});
tell();

function tell(): void {
  const isOpen = pool.statistics().outstanding > 0;
  const message: OwnerMessage = {
    references: (isOpen ? [lease, other] : []).map(({ memory: { name, generation } }) => ({
      name,
      generation,
    })),
    first: isOpen ? (lease.view(Float32Array, 1)[0] ?? Number.NaN) : Number.NaN,
  };
  process.send?.(message);
}

import { sweepSharedMemory } from '../../../../engine/memory/sweep-shared-memory.ts';

// Sweeps when it is told to, and sends the result.
process.once('message', () => {
  process.send?.(sweepSharedMemory(), () => process.disconnect());
});
process.send?.('ready');

import type { BenchRecord } from '../../suites/bench-record.ts';
import { benchOptionsSchema, planBench } from '../bench-plan.ts';
import { measureBench } from '../bench-session.ts';
import { summarizeBench } from '../bench-summary.ts';
import { interruptible } from '../interruption.ts';
import { openStore } from '../results.ts';

/** `claw bench [TARGET]`; `given` names the options that were typed. */
export async function bench(
  target: string | undefined,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = benchOptionsSchema.parse(rawOptions);
  const plan = await planBench(target, options, given);
  const store = await openStore(options.store);
  try {
    return await interruptible('stopped: nothing was kept', async ({ signal, progress }) => {
      const around = { store: options.store, meters: options.meter, signal, progress };
      const { record, samples } = await measureBench(plan, around);
      progress.end();
      // Shown before it is kept: a full disk must not cost the figures.
      if (options.json !== true) console.log(summarizeBench(record, plan));
      await store.saveBench(record, samples);
      if (options.json === true) console.log(JSON.stringify(record));
      return isUsable(record) ? 0 : 1;
    });
  } finally {
    await store.close();
  }
}

/** Whether there is a figure that counts. */
function isUsable({ trials, peak, comparison }: BenchRecord): boolean {
  if (peak !== null) return peak.ratePerSecond !== null;
  if (comparison !== null) return comparison.metrics.length > 0;
  return trials.at(-1)?.state === 'completed';
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { report } from '../aim.ts';
import type { RequestFigures } from './engine-requests-process.ts';

const AIM_MB = 1;

/** What a million requests leave behind, in a process that does nothing else. */
export async function manyRequests(short: boolean): Promise<void> {
  const requests = short ? 100_000 : 1_000_000;
  const program = fileURLToPath(new URL('./engine-requests-process.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    program,
    String(requests),
  ]);
  const figures = JSON.parse(stdout) as RequestFigures;
  const failed = Object.values(figures.failed).reduce((sum, count) => sum + count, 0);
  console.log(
    `${figures.answered} answered, not answered as they should be: ${JSON.stringify(figures.failed)}, ` +
      `${figures.retried} run again, ${figures.samplesARun.toFixed(2)} samples a run`,
  );
  report('requests through mock replicas that ended', {
    value: figures.answered + failed,
    unit: `of ${requests}, ${figures.wrong} wrong`,
    aim: 'all, none wrong, most with an answer',
    met:
      figures.answered + failed === requests &&
      figures.wrong === 0 &&
      figures.answered > requests / 2,
  });
  const growthMb = figures.heapGrowthBytes / 1e6;
  report('heap growth after them', {
    value: growthMb,
    unit: `MB (${(figures.bufferGrowthBytes / 1e6).toFixed(2)} MB of array buffers)`,
    aim: `under ${AIM_MB}`,
    met: growthMb < AIM_MB && figures.bufferGrowthBytes / 1e6 < AIM_MB,
  });
  report('handles more than before, leases outstanding', {
    value: figures.handlesAfter - figures.handlesBefore + figures.outstandingLeases,
    unit: `(${figures.handlesBefore} and ${figures.handlesAfter} handles)`,
    aim: 'none',
    met: figures.handlesAfter <= figures.handlesBefore && figures.outstandingLeases === 0,
  });
}

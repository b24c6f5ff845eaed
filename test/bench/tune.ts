import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOutcomeSchema } from '../../tuner/run-record.ts';
import { report } from './aim.ts';

// The main job in an empty folder, as the README has it: how long it takes, and
// what the winner is worth against the default in interleaved pairs.
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'claw.js');
const folder = mkdtempSync(join(tmpdir(), 'claw-bench-'));

try {
  const startedMs = performance.now();
  const { outcome, reportPath } = await tune();
  const minutes = (performance.now() - startedMs) / 60_000;
  if (outcome.kind === 'nothing-feasible' || outcome.verification === null) {
    throw new Error(`nothing was verified: ${outcome.reason}`);
  }
  const { ratio } = outcome.verification;
  console.log(`winner: ${outcome.shipped.armKey}`);
  report('samples/s, times the default', {
    value: ratio.value,
    unit: `[${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}]`,
    aim: '1.2, the whole interval above 1',
    met: ratio.value >= 1.2 && ratio.low > 1 && outcome.kind === 'winner',
  });
  report('suite, search, verification and report', {
    value: minutes,
    unit: 'minutes',
    aim: 'about 3',
    met: minutes < 4.5,
  });
  const megabytes = statSync(join(folder, reportPath)).size / 1e6;
  report('report.html', { value: megabytes, unit: 'MB', aim: 'under 3', met: megabytes < 3 });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tune(): Promise<{
  readonly outcome: ReturnType<typeof runOutcomeSchema.parse>;
  readonly reportPath: string;
}> {
  const child = spawn(process.execPath, [LAUNCHER, 'tune', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await new Promise((resolve) => child.once('close', resolve));
  const result = JSON.parse(stdout) as { outcome: unknown; report: string };
  return { outcome: runOutcomeSchema.parse(result.outcome), reportPath: result.report };
}

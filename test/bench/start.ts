import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { report } from './aim.ts';

// How long a person waits for `claw --help`, beside an empty Node process in
// the same run: what is above that is ours.
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'claw.js');

const bench = new Bench({ time: 3000, warmupTime: 500, warmupIterations: 2 });
bench.add('node -e 0', () => void spawnSync(process.execPath, ['-e', '0']));
bench.add('claw --help', () => void spawnSync(process.execPath, [LAUNCHER, '--help']));
await bench.run();

const medians = bench.tasks.map((task) => {
  const { result } = task;
  if (result.state !== 'completed') throw new Error(`${task.name} did not complete`);
  return result.latency.p50;
});
const [empty = 0, help = 0] = medians;
console.log(`an empty Node process: ${empty.toFixed(0)} ms`);
report('claw --help, median', { value: help, unit: 'ms', aim: '300', met: help <= 300 });

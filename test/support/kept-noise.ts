import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { describeHost } from '../../hosts/this-host.ts';
import type { NoiseRecord } from '../../suites/comparison/noise-floor.ts';

/** A noise floor as `claw host --noise` keeps it, in a folder's own store: measured just now. */
export function writeNoise(folder: string): NoiseRecord {
  const { key } = describeHost(systemFiles());
  const noise: NoiseRecord = {
    schema: 'openclaw.noise/1',
    hostKey: key,
    measuredAt: new Date().toISOString(),
    blocks: 7,
    metrics: { throughput: { floor: 0.03, blockSd: 0.02, meanLogRatio: 0 } },
  };
  mkdirSync(join(folder, '.claw/noise'), { recursive: true });
  writeFileSync(join(folder, '.claw/noise', `${key}.json`), JSON.stringify(noise));
  return noise;
}

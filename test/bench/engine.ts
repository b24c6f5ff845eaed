import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { applyRuntimeEnvironment } from '../../engine/runtime/environment.ts';
import { inlineOverhead } from './programs/engine-inline.ts';
import { pingOverhead } from './programs/engine-pings.ts';
import { replicaThroughput } from './programs/engine-replicas.ts';
import { manyRequests } from './programs/engine-requests.ts';
import { killedReplicas } from './programs/engine-soak.ts';
import { measurePools } from './programs/pools/mixed-trace.ts';
import { serverBatching } from './programs/server-batching.ts';

// What the engine costs and withstands: `npm run bench:engine`, about ten minutes, or
// `-- SECTION...` for some of it; `--short` shows that it works, not what it measures.
const SECTIONS: Readonly<Record<string, (folder: string, short: boolean) => Promise<void>>> = {
  replicas: replicaThroughput,
  inline: inlineOverhead,
  ping: pingOverhead,
  pools: () => measurePools(),
  requests: (_folder, short) => manyRequests(short),
  soak: killedReplicas,
  server: () => serverBatching(new AbortController().signal),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(SECTIONS, name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(2);
}
applyRuntimeEnvironment(process.env);
const folder = mkdtempSync(join(tmpdir(), 'claw-engine-'));
try {
  for (const [name, run] of Object.entries(SECTIONS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.log(`== ${name}`);
    try {
      await run(folder, values.short);
    } catch (thrown) {
      // What one could not measure is no reason not to measure the others.
      console.error(thrown);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

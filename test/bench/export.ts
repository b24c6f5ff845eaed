/**
 * `npm run bench:export`: packs the package, installs it and the `node` export of a fresh
 * run in an empty folder, and compares the throughput there with that of the same engine in
 * this checkout, in interleaved pairs, against the noise of these pairs. Needs the npm registry.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ratioInterval } from '../../engine/base/statistics.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const PAIRS = 6;
const SECONDS = 2;
/** Below this a change is of no consequence, as in the verification of a run. */
const MARGIN = 0.02;
/** Of an interval's ends: a wider one would contain anything. */
const WIDEST_RATIO = 1.2;

const scratch = mkdtempSync(join(tmpdir(), 'claw-export-'));
try {
  const user = join(scratch, 'user');
  mkdirSync(user);
  claw('tune', '--budget', '40s');
  claw('export', 'latest', '--to', 'node', '-o', 'out');
  cpSync(join(scratch, 'out', 'node'), user, { recursive: true });
  install(user);
  const installed = writeDriver(user, 'openclaw-harness');
  const checkout = writeDriver(join(scratch, 'out', 'node'), join(REPOSITORY, 'tuner', 'index.ts'));
  report(
    Array.from({ length: PAIRS }, (_, pair) => {
      const order = pair % 2 === 0 ? [installed, checkout] : [checkout, installed];
      const rates = new Map(order.map((driver) => [driver, drive(driver)]));
      return { installed: rates.get(installed) ?? 0, checkout: rates.get(checkout) ?? 0 };
    }),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function claw(...args: readonly string[]): void {
  execFileSync(process.execPath, [join(REPOSITORY, 'bin', 'claw.js'), ...args], {
    cwd: scratch,
    stdio: 'inherit',
  });
}

function install(user: string): void {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const options = { stdio: 'inherit', env } as const;
  execFileSync('npm', ['pack', '--pack-destination', scratch], { ...options, cwd: REPOSITORY });
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  const args = ['install', '--no-audit', '--no-fund', join(scratch, tarball)];
  execFileSync('npm', args, { ...options, cwd: user });
}

/** A program that drives the engine as the search did: a client for each replica, full batches. */
function writeDriver(folder: string, library: string): string {
  const path = join(folder, 'drive.mjs');
  const source = `import { Engine, loadTuned } from ${JSON.stringify(library)};
const { artifact, config } = await loadTuned(new URL('tuned.json', import.meta.url), { strict: true });
const engine = await Engine.open({ artifact, config });
const size = config.batch.maxSize;
const [{ name, type, shape }] = engine.inputs;
const dims = shape.map((dim) => (typeof dim === 'number' ? dim : size));
const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(0.5);
let answered = 0;
async function client(untilMs) {
  while (performance.now() < untilMs) {
    await engine.infer({ [name]: { type, dims, data } });
    answered += 1;
  }
}
async function load(ms) {
  answered = 0;
  const startMs = performance.now();
  await Promise.all(Array.from({ length: config.replicas }, () => client(startMs + ms)));
  return (answered * size * 1000) / (performance.now() - startMs);
}
await load(500);
console.log(await load(${SECONDS * 1000}));
await engine.close();
`;
  writeFileSync(path, source);
  return path;
}

/** Samples per second. */
function drive(path: string): number {
  return Number(execFileSync(process.execPath, [path], { encoding: 'utf8' }));
}

function report(pairs: readonly { readonly installed: number; readonly checkout: number }[]): void {
  for (const { installed, checkout } of pairs) {
    console.log(`installed ${Math.round(installed)} samples/s, checkout ${Math.round(checkout)}`);
  }
  const logs = pairs.map(({ installed, checkout }) => Math.log(installed / checkout));
  const { value, low, high } = ratioInterval(logs, 0.95);
  const text = `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  console.log(`the installed export runs at ${text} of the checkout`);
  if (high / low > WIDEST_RATIO) {
    console.log('inconclusive: the machine is too busy to tell');
    process.exitCode = 1;
    return;
  }
  const isReproduced = low <= 1 + MARGIN && high >= 1 - MARGIN;
  console.log(isReproduced ? 'reproduced within the noise' : 'NOT reproduced');
  if (!isReproduced) process.exitCode = 1;
}

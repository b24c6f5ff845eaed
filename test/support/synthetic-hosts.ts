import { createRandom, type Random } from '../../engine/base/random.ts';
import type { TableRow } from '../../tuner/replay/table-columns.ts';

/**
 * Hosts that never were, as recorded tables: for judging searchers on shapes of which
 * there is no recording. Every figure that comes of them is to be labelled synthetic.
 *
 * A request of `batch` samples takes overhead + work x batch, less by Amdahl's law on
 * several threads; replicas contend for the memory; caches make cliffs. On top every
 * pair of values has a small effect of its own, and every arm a smaller one.
 */
export interface SyntheticHost {
  readonly name: string;
  readonly cores: number;
  readonly batches: readonly number[];
  readonly levels: readonly string[];
  readonly precisions: readonly string[];
  readonly memPatterns: readonly boolean[];
  /** Milliseconds of work a sample on one thread, as a factor of fp32 at level `all`. */
  readonly factor: (precision: string, level: string) => number;
  /** Milliseconds: of a request whatever its size, and of a sample. */
  readonly overheadMs: number;
  readonly sampleMs: number;
  /** Share of the work that several threads divide. */
  readonly parallel: number;
  /** What each doubling of threads costs, in milliseconds: asleep and spinning. */
  readonly syncMs: { readonly asleep: number; readonly spinning: number };
  /** Share of the throughput that each further replica costs. */
  readonly contention: number;
  /** Samples beyond which a replica leaves the cache, and how much slower it then is. */
  readonly cliff: { readonly samples: number; readonly factor: number };
  /** Throughput without the arena. */
  readonly noArena: number;
}

/** Standard deviations of the logarithm of what pairs and arms have of their own. */
const PAIR_SD = 0.03;
const ARM_SD = 0.015;

export function syntheticRows(host: SyntheticHost, seed: number): TableRow[] {
  const random = createRandom(seed, host.name);
  const pairs = new Map<string, number>();
  return [...armsOf(host)].map((arm) => toRow(host, arm, quirk(arm, pairs, random)));
}

interface SyntheticArm {
  readonly precision: string;
  readonly graph_level: string;
  readonly replicas: number;
  readonly intra_op_threads: number;
  readonly spinning: boolean;
  readonly batch: number;
  readonly arena: boolean;
  readonly mem_pattern: boolean;
}

function* armsOf(host: SyntheticHost): Generator<SyntheticArm> {
  for (const precision of host.precisions) {
    for (const graph_level of host.levels) {
      for (const split of splitsOf(host.cores)) {
        for (const batch of host.batches) {
          for (const arena of [true, false]) {
            for (const mem_pattern of host.memPatterns) {
              yield { precision, graph_level, ...split, batch, arena, mem_pattern };
            }
          }
        }
      }
    }
  }
}

type Split = Pick<SyntheticArm, 'replicas' | 'intra_op_threads' | 'spinning'>;

/** Powers of two that fit on the cores; a single thread cannot spin. */
function splitsOf(cores: number): Split[] {
  const counts = Array.from({ length: Math.log2(cores) + 1 }, (_, i) => 2 ** i);
  return counts.flatMap((replicas) =>
    counts
      .filter((threads) => replicas * threads <= cores)
      .flatMap((intra_op_threads) =>
        (intra_op_threads > 1 ? [true, false] : [false]).map((spinning) => ({
          replicas,
          intra_op_threads,
          spinning,
        })),
      ),
  );
}

function toRow(host: SyntheticHost, arm: SyntheticArm, own: number): TableRow {
  const { replicas, batch, intra_op_threads: threads } = arm;
  const sync = arm.spinning ? host.syncMs.spinning : host.syncMs.asleep;
  const amdahl = 1 - host.parallel + host.parallel / threads;
  const cached = batch > host.cliff.samples ? host.cliff.factor : 1;
  const work = host.sampleMs * batch * host.factor(arm.precision, arm.graph_level) * cached;
  const requestMs = host.overheadMs + work * amdahl + sync * Math.log2(threads);
  const contended = 1 + host.contention * (replicas - 1);
  const latencyMs = requestMs * contended * (arm.arena ? 1 : 1 / host.noArena) * own;
  const weights = arm.precision.startsWith('int8') ? 10 : 30;
  return {
    ...arm,
    qps: (1000 * replicas * batch) / latencyMs,
    p50_ms: latencyMs,
    p99_ms: latencyMs * 1.15,
    mem_mib: 20 + replicas * (weights + 0.5 * batch + (arm.arena ? 0.1 * batch : 0)),
    cost_s: 1 + latencyMs / 100,
  };
}

/** A factor about 1 for every pair of values, drawn once, and one for the arm. */
function quirk(arm: SyntheticArm, pairs: Map<string, number>, random: Random): number {
  const values = Object.entries(arm).map(([name, value]) => `${name}=${value}`);
  let sum = ARM_SD * random.normal();
  for (const [i, a] of values.entries()) {
    for (const b of values.slice(i + 1)) {
      const drawn = pairs.get(`${a} ${b}`) ?? PAIR_SD * random.normal();
      pairs.set(`${a} ${b}`, drawn);
      sum += drawn / 2;
    }
  }
  return Math.exp(sum);
}

type Factors = Readonly<Record<string, Readonly<Record<string, number>>>>;

function byTable(factors: Factors): SyntheticHost['factor'] {
  return (precision, level) => factors[precision]?.[level] ?? factors[precision]?.['rest'] ?? 1;
}

const USUAL: Factors = {
  fp32: { all: 1, extended: 1.1, basic: 1.5, disabled: 2 },
  'int8-static': { all: 0.55, extended: 0.7, basic: 2.5, disabled: 4 },
  'int8-dynamic': { rest: 1.2, basic: 1.6, disabled: 2.5 },
  'int4-weights': { rest: 1.3, disabled: 2.4 },
  fp16: { rest: 1.6, disabled: 3 },
};

const TWO_CORES: SyntheticHost = {
  name: 'usual',
  cores: 2,
  batches: [1, 2, 4, 8, 16, 32],
  levels: ['all', 'extended', 'basic'],
  precisions: ['fp32', 'int8-static', 'int8-dynamic'],
  memPatterns: [true],
  factor: byTable(USUAL),
  overheadMs: 0.2,
  sampleMs: 2,
  parallel: 0.85,
  syncMs: { asleep: 0.3, spinning: 0.1 },
  contention: 0.05,
  cliff: { samples: 64, factor: 1 },
  noArena: 0.96,
};

/** Two cores, the grid of the recorded tables, in shapes that general knowledge gets wrong. */
export const SMALL_HOSTS: readonly SyntheticHost[] = Object.freeze([
  TWO_CORES,
  { ...TWO_CORES, name: 'batch-hurts', overheadMs: 0.02, cliff: { samples: 1, factor: 1.8 } },
  {
    ...TWO_CORES,
    name: 'int8-slower',
    factor: byTable({
      fp32: USUAL['fp32'] ?? {},
      'int8-static': { rest: 1.7, basic: 3 },
      'int8-dynamic': { rest: 3.5 },
    }),
  },
  {
    ...TWO_CORES,
    name: 'spinning-hurts',
    syncMs: { asleep: 0.05, spinning: 3 },
    contention: 0.6,
    parallel: 0.95,
  },
  {
    ...TWO_CORES,
    name: 'all-is-3x-slower',
    factor: byTable({
      fp32: { all: 3, extended: 1, basic: 1.3 },
      'int8-static': { all: 2.6, extended: 0.7, basic: 1.1 },
      'int8-dynamic': { all: 3, extended: 1.1, basic: 1.1 },
    }),
  },
  {
    ...TWO_CORES,
    name: 'tiny',
    overheadMs: 1,
    sampleMs: 0.02,
    syncMs: { asleep: 0.8, spinning: 0.4 },
  },
  {
    ...TWO_CORES,
    name: 'replicas-contend',
    contention: 0.9,
    parallel: 0.9,
    syncMs: { asleep: 1, spinning: 0.02 },
  },
  {
    ...TWO_CORES,
    name: 'static-at-one-level',
    sampleMs: 0.5,
    overheadMs: 1,
    factor: byTable({
      fp32: { all: 6, extended: 6, basic: 5 },
      'int8-static': { all: 9, extended: 0.4, basic: 8 },
      'int8-dynamic': { rest: 7 },
    }),
  },
  { ...TWO_CORES, name: 'no-arena', noArena: 1.12, cliff: { samples: 4, factor: 1.3 } },
]);

const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Servers with about 20,000 arms. */
export const LARGE_HOSTS: readonly SyntheticHost[] = Object.freeze([
  {
    ...TWO_CORES,
    name: '16 cores',
    cores: 16,
    batches: BATCHES,
    levels: ['all', 'extended', 'basic', 'disabled'],
    precisions: Object.keys(USUAL),
    memPatterns: [true, false],
    contention: 0.06,
    parallel: 0.93,
    cliff: { samples: 32, factor: 1.25 },
  },
  {
    ...TWO_CORES,
    name: '64 cores',
    cores: 64,
    batches: BATCHES.slice(0, 7),
    precisions: Object.keys(USUAL),
    memPatterns: [true, false],
    contention: 0.04,
    parallel: 0.97,
    cliff: { samples: 8, factor: 1.4 },
    sampleMs: 8,
  },
]);

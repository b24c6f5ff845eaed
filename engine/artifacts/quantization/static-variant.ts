import { UserError } from '../../base/errors.ts';
import { formatNumber } from '../../base/units.ts';
import { peakResidentBytes } from '../../devices/process-memory.ts';
import { systemFiles } from '../../devices/system-files.ts';
import { importModel } from '../../graph/ir/import-model.ts';
import type { OnnxModel } from '../../graph/model.ts';
import { calibrationRange, type Range } from '../../graph/quantization/calibration/thresholds.ts';
import { planStatic, quantizedNodeId } from '../../graph/quantization/static-plan.ts';
import { calibrationTargets, toInt8Static } from '../../graph/quantization/static.ts';
import { calibrate, type Histograms } from './calibrate.ts';
import type { SetQuality } from './evaluate-variant.ts';
import { missedFloors } from './quality.ts';
import type {
  Candidate,
  Evaluated,
  MethodName,
  VariantWorkshop,
  VariantJob,
} from './variant-workshop.ts';

/** What the observation of the activations took. */
export interface CalibrationCost {
  readonly requests: number;
  readonly seconds: number;
  /** The largest resident memory of the process until then: model and sessions included. */
  readonly peakBytes: number;
}

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;

/** Ranges of activations, and how they were chosen. */
interface Ranges {
  readonly method: MethodName;
  readonly ranges: ReadonlyMap<string, Range>;
}

/**
 * The int8-static variant that holds the floors: by the way of calibration that
 * comes closest to the original, else by the next; where none is enough, with the
 * fewest of the most sensitive nodes in floating point. Throws UserError when none does.
 */
export async function staticVariant(
  workshop: VariantWorkshop,
): Promise<Evaluated & { readonly calibration: CalibrationCost }> {
  const { histograms, cost } = await observe(workshop);
  const tries = await byCloseness(workshop, histograms);
  let first: SetQuality[] | null = null;
  for (const { candidate } of tries) {
    const quality = await workshop.evaluate(candidate);
    if (workshop.holds(quality)) return { candidate, quality, calibration: cost };
    first ??= quality;
  }
  const [closest] = tries;
  if (closest === undefined || first === null) throw new Error('no way of calibration');
  const kept = await keepSensitive(workshop, { ...closest.chosen, before: first });
  return { ...kept, calibration: cost };
}

async function observe(
  workshop: VariantWorkshop,
): Promise<{ readonly histograms: Histograms; readonly cost: CalibrationCost }> {
  const { calibration } = workshop.data;
  if (calibration === null) throw new Error('int8-static needs calibration data');
  const startMs = performance.now();
  const histograms = await calibrate(workshop.cleaned, {
    ...calibration,
    targets: calibrationTargets(importModel(workshop.cleaned)),
    threads: workshop.job.threads,
    onProgress: everyEighth((done, of) =>
      workshop.progress(`calibrating on ${done} of ${of} requests`),
    ),
  });
  const cost = {
    requests: calibration.count,
    seconds: (performance.now() - startMs) / 1000,
    peakBytes: peakResidentBytes(systemFiles()),
  };
  return { histograms, cost };
}

/** Where lines are printed a line for each few requests would bury the others. */
function everyEighth(
  report: (done: number, of: number) => void,
): (done: number, of: number) => void {
  let reported = 0;
  return (done, of) => {
    const eighth = Math.floor((8 * done) / of);
    if (eighth === reported) return;
    reported = eighth;
    report(done, of);
  };
}

/** A variant by one way of calibration. */
interface Try {
  readonly candidate: Candidate;
  readonly chosen: Ranges;
}

/**
 * The variant by the method that was asked for, or one by each method, the closest to the
 * original first: a floor that the closest misses may be held by the next.
 */
async function byCloseness(
  workshop: VariantWorkshop,
  histograms: Histograms,
): Promise<readonly Try[]> {
  const { method: asked } = workshop.job;
  const by = async (method: MethodName): Promise<Try> => {
    const chosen = { method, ranges: rangesOf(histograms, method) };
    return { chosen, candidate: await make(workshop, chosen, []) };
  };
  if (asked !== 'auto') return [await by(asked)];
  const tries: { readonly one: Try; readonly sqnrDb: number }[] = [];
  for (const method of METHODS) {
    workshop.progress(`trying the ranges of ${method}`);
    const one = await by(method);
    tries.push({ one, sqnrDb: await workshop.rank(one.candidate) });
  }
  return tries.sort((a, b) => b.sqnrDb - a.sqnrDb).map(({ one }) => one);
}

function rangesOf(histograms: Histograms, method: MethodName): ReadonlyMap<string, Range> {
  return new Map(
    [...histograms].map(([name, histogram]) => [name, calibrationRange(histogram, { method })]),
  );
}

async function make(
  workshop: VariantWorkshop,
  { method, ranges }: Ranges,
  kept: readonly string[],
): Promise<Candidate> {
  const { activations, weightBits } = workshop.job;
  const keep = new Set(kept);
  return workshop.make({ method, kept }, (model) =>
    toInt8Static(model, { ranges, activations, weightBits, keep }),
  );
}

/** The fewest of the most sensitive nodes in floating point with which the floors hold. */
async function keepSensitive(
  workshop: VariantWorkshop,
  from: Ranges & { readonly before: readonly SetQuality[] },
): Promise<Evaluated> {
  if (isBeyondOriginal(workshop.job, from.before)) throw belowFloor(workshop.job, from.before, 0);
  const nodes = await ranking(workshop, from);
  const attempt = async (count: number): Promise<Evaluated | null> => {
    workshop.progress(`keeping ${count} of ${nodes.length} nodes in fp32`);
    const candidate = await make(workshop, from, nodes.slice(0, count));
    const quality = await workshop.evaluate(candidate);
    if (workshop.holds(quality)) return { candidate, quality };
    await workshop.discard(candidate);
    return null;
  };
  let [low, high] = [0, 1];
  let found = await attempt(high);
  while (found === null && high < nodes.length - 1) {
    low = high;
    high = Math.min(nodes.length - 1, high * 2);
    found = await attempt(high);
  }
  if (found === null) throw belowFloor(workshop.job, from.before, nodes.length);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const better = await attempt(middle);
    if (better === null) low = middle;
    else [high, found] = [middle, better];
  }
  return found;
}

/** Whether fp32 itself misses a floor: then no node that goes back to it helps. */
function isBeyondOriginal({ floors }: VariantJob, quality: readonly SetQuality[]): boolean {
  return floors.some(
    ({ kind, value }) =>
      kind === 'accuracy' &&
      quality.some(({ originalAccuracy }) => (originalAccuracy ?? 1) < value),
  );
}

/** Nodes by how much each alone, in integers, disturbs the outputs: the worst first. */
async function ranking(workshop: VariantWorkshop, how: Ranges): Promise<readonly string[]> {
  const nodes = weightedNodes(workshop.cleaned);
  const scores: { readonly node: string; readonly sqnrDb: number }[] = [];
  for (const [index, node] of nodes.entries()) {
    workshop.progress(`ranking node ${index + 1} of ${nodes.length} by its sensitivity`);
    const kept = nodes.filter((other) => other !== node);
    const candidate = await make(workshop, how, kept);
    scores.push({ node, sqnrDb: await workshop.rank(candidate) });
    await workshop.discard(candidate);
  }
  return scores.sort((a, b) => a.sqnrDb - b.sqnrDb).map(({ node }) => node);
}

/** Nodes that `toInt8Static` would quantize, by the names that `keep` takes. */
function weightedNodes(cleaned: OnnxModel): string[] {
  return [...planStatic(importModel(cleaned)).roles]
    .filter(([, role]) => role === 'weighted')
    .map(([node]) => quantizedNodeId(node));
}

/** What is said of a variant that misses a floor; `nodes` were tried in floating point, if any. */
export function belowFloor(
  { precision, floors, modelPath }: VariantJob,
  quality: readonly SetQuality[],
  nodes: number,
): UserError {
  const misses = quality.flatMap((one) =>
    missedFloors(one, floors).map(
      ({ floor, reached }) =>
        `${floor.kind} ${reached === null ? 'cannot be measured' : formatNumber(reached)}${floor.kind === 'accuracy' && one.originalAccuracy !== null ? ` (fp32 ${formatNumber(one.originalAccuracy)})` : ''} at ${one.set}, floor ${formatNumber(floor.value)}`,
    ),
  );
  const tried = nodes === 0 ? '' : ', also with all but one of its nodes in fp32';
  return new UserError(
    `${modelPath}: ${precision} does not hold the floor${tried}: ${misses.join('; ')}`,
    {
      exitCode: 4,
      remedy: 'lower the floor, give more calibration data, or choose another precision',
    },
  );
}

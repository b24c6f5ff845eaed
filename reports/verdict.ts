import { soughtName } from '../tuner/objective.ts';
import type { RunOutcome, Verdict, Verification } from '../tuner/run-record.ts';
import { type ArmFigures, figuresOfMeasured } from './arm-figures.ts';
import { compareArms } from './comparison.ts';
import { checkConstraint } from './constraint-check.ts';
import {
  counted,
  isInterval,
  milliseconds,
  rate,
  ratio,
  timesTheDefault,
} from './figure-format.ts';
import { describeArm, describeRest } from './knobs.ts';
import { doubtsOf, type RunView } from './run-view.ts';
import { servedAgainst, servedHeadline } from './served-text.ts';
import { resumeHint, unfinishedVerdict } from './unfinished-verdict.ts';
import { sentences, type VerdictText, withoutLooseNumbers } from './verdict-text.ts';

export function verdictText(view: RunView): VerdictText {
  const { outcome, state } = view.run;
  const bare = outcome === null ? unfinishedVerdict(view) : outcomeVerdict(view, outcome);
  const text = {
    ...bare,
    headline: withoutLooseNumbers(bare.headline),
    details: [...bare.details, ...sentences(doubts(view))],
  };
  if (outcome === null || state === 'finished') return text;
  const note = `The run is recorded as ${state}, so trials may be missing. ${resumeHint(view)}`;
  return { ...text, details: [...text.details, note] };
}

/** From this share on, warnings belong beside the verdict and not only in their section. */
const MANY_WARNINGS = 0.25;

function doubts({ trials }: RunView): string {
  const doubtful = trials.filter((trial) => doubtsOf(trial).length > 0).length;
  if (doubtful === 0 || doubtful < trials.length * MANY_WARNINGS) return '';
  return `${doubtful} of ${counted(trials.length, 'trial')} raised a warning, see below`;
}

function outcomeVerdict(view: RunView, outcome: RunOutcome): VerdictText {
  switch (outcome.kind) {
    case 'winner':
      return winnerVerdict(view, outcome);
    case 'default':
      return defaultVerdict(view, outcome);
    case 'nothing-feasible':
      return infeasibleVerdict(view, outcome);
  }
}

function winnerVerdict(
  view: RunView,
  outcome: Extract<RunOutcome, { kind: 'winner' }>,
): VerdictText {
  const { shipped, baseline, verification } = outcome;
  const { value, low, high } = verification.ratio;
  const rest = describeRest(shipped.config, baseline.config);
  const config = rest === '' ? '' : `Further settings: ${rest}.`;
  const serves = `${describeArm(shipped.config)} serves ${rate(shipped.metrics.qps.value)} samples/s`;
  const times = timesTheDefault(value, { low, high });
  const figures = figuresOfMeasured(shipped);
  // An arm may also win because the default breaks a constraint; it need not be faster then.
  const proven = verification.verdict === 'better';
  const figure = {
    value: `${ratio(value, { low, high })}×`,
    caption: gainCaption(view, outcome),
  };
  const onBatches = `${serves}, ${times}; ${conditions(view, figures)}`;
  const served = servedAgainst(shipped, baseline);
  return {
    tone: 'gain',
    figure: proven ? figure : undefined,
    headline: served === undefined ? `${onBatches}.` : `${served}.`,
    details: sentences(
      served === undefined ? '' : `On full batches: ${onBatches}`,
      proven ? '' : outcome.reason,
      config,
    ),
  };
}

function gainCaption(
  { run }: RunView,
  { verification, shipped }: Extract<RunOutcome, { kind: 'winner' }>,
): string {
  const load = shipped.metrics.server === undefined ? '' : ' on full batches';
  const what = `the default’s ${soughtName(run)}${load}`;
  const { low, high } = verification.ratio;
  const pairs = counted(verification.pairs.length, 'pair');
  if (!isInterval(verification.ratio)) return `${what}, ${pairs}`;
  const range = `${ratio(low, { low, high })} to ${ratio(high, { low, high })}`;
  return `${what}; 95 % interval ${range}, ${pairs}`;
}

function defaultVerdict(
  view: RunView,
  outcome: Extract<RunOutcome, { kind: 'default' }>,
): VerdictText {
  const { shipped, verification } = outcome;
  const figures = figuresOfMeasured(shipped);
  const served = servedHeadline(shipped);
  const serves = `${describeArm(shipped.config)} serves ${rate(shipped.metrics.qps.value)} samples/s`;
  return {
    tone: 'stay',
    figure: undefined,
    headline:
      served === undefined
        ? `The default stays: ${serves}; ${conditions(view, figures)}.`
        : `The default stays: ${served}.`,
    details: sentences(
      served === undefined ? '' : `On full batches: ${serves}; ${conditions(view, figures)}`,
      ...(verification === null ? [outcome.reason] : rivalSentences(view, verification)),
      verification?.verdict === 'better' ? outcome.reason : '',
    ),
  };
}

/** Why the best candidate does not ship: not fast enough, or over a bound when measured again. */
function rivalSentences(view: RunView, verification: Verification): readonly string[] {
  const rival = compareArms(view).after;
  const name = rival === undefined ? '' : `, ${describeArm(rival.config)},`;
  const pairs = counted(verification.pairs.length, 'interleaved pair');
  const times = timesTheDefault(verification.ratio.value, verification.ratio);
  const phrase = verdictPhrase(verification.verdict, verification.margin);
  const missed = rival === undefined ? '' : missedBounds(view, rival).join('; ');
  return sentences(
    `The best candidate${name} came to ${times} in ${pairs}: ${phrase}`,
    missed === '' ? '' : `It broke a constraint: ${missed}`,
  );
}

function missedBounds(view: RunView, figures: ArmFigures): readonly string[] {
  return view.run.constraints
    .map((constraint) => checkConstraint(constraint, figures))
    .filter((check) => !check.met)
    .map((check) => check.text);
}

/** What each verdict means, with the margin that it was judged by. */
export function verdictPhrase(verdict: Verdict, margin: number): string {
  const within = `${ratioOfMargin(margin)} %`;
  switch (verdict) {
    case 'better':
      return `better, the whole interval is beyond the margin of ${within}`;
    case 'worse':
      return `worse, the whole interval is beyond the margin of ${within}`;
    case 'equivalent':
      return `equivalent, the whole interval is inside the margin of ${within}`;
    case 'different-within-margin':
      return `different, but not by more than the margin of ${within}`;
    case 'inconclusive':
      return `inconclusive, the interval spans the margin of ${within}`;
  }
}

function infeasibleVerdict(
  view: RunView,
  outcome: Extract<RunOutcome, { kind: 'nothing-feasible' }>,
): VerdictText {
  const { nearest } = outcome;
  const common = { tone: 'failure', figure: undefined } as const;
  if (nearest === null) {
    return {
      ...common,
      headline: 'Nothing meets the constraints: no arm could be measured.',
      details: sentences(outcome.reason),
    };
  }
  const missed = missedBounds(view, figuresOfMeasured(nearest));
  const miss = missed.length === 0 ? '' : `; ${missed.join('; ')}`;
  return {
    ...common,
    headline: `Nothing meets the constraints. Nearest miss: ${describeArm(nearest.config)} with ${rate(nearest.metrics.qps.value)} samples/s${miss}.`,
    details: sentences(
      missed.length === 0 ? outcome.reason : '',
      'Nothing is exported; relax a bound, or give the search more to choose from.',
    ),
  };
}

/** Each bound with what was measured; without bounds, the p99 that the throughput comes with. */
function conditions(view: RunView, figures: ArmFigures): string {
  const { constraints } = view.run;
  const checks = constraints.map((constraint) => checkConstraint(constraint, figures));
  const bounded = checks.map((check) => check.text);
  if (constraints.some((constraint) => constraint.kind === 'latency')) return bounded.join('; ');
  const { p99 } = figures.latencyMs;
  return [`p99 ${milliseconds(p99)}`, ...bounded].join('; ');
}

function ratioOfMargin(margin: number): string {
  return String(Number((margin * 100).toFixed(1)));
}

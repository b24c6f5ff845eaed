import { bestSoFarChart } from '../charts/best-so-far.ts';
import {
  knobEffectChart,
  knobEffects,
  type KnobEffect,
  sharedScale,
} from '../charts/knob-effect.ts';
import { drawnBound, throughputLatencyChart } from '../charts/throughput-latency.ts';
import { verificationPairsChart } from '../charts/verification-pairs.ts';
import { compareArms } from '../comparison.ts';
import { drawChart } from '../draw-chart.ts';
import {
  change,
  counted,
  milliseconds,
  percent,
  ratio,
  timesTheDefault,
} from '../figure-format.ts';
import { html, type Html, trusted } from '../html.ts';
import { chartFigure, type Section } from '../page.ts';
import { highlightOf, type RunView } from '../run-view.ts';
import { verdictPhrase } from '../verdict.ts';

/** The pairs that the verdict rests on. */
export async function verificationSection(view: RunView): Promise<Section | undefined> {
  const { outcome } = view.run;
  const verification =
    outcome === null || outcome.kind === 'nothing-feasible' ? null : outcome.verification;
  const chart = verification === null ? undefined : verificationPairsChart(verification);
  if (verification === null || chart === undefined) return undefined;
  const pairs = counted(verification.pairs.length, 'pair');
  return {
    id: 'verification',
    heading: 'Measured again, side by side',
    content: html`<p class="lead">
        The candidate was measured again against the default in ${pairs} of fresh processes, one
        right after the other, so that a drifting machine slows both. Search results are not used.
      </p>
      ${chartFigure('pairs', await drawChart(chart), {
        description: `Throughput of the candidate over that of the default, pair by pair. Over all ${timesTheDefault(verification.ratio.value, verification.ratio)}.`,
        before: keys([
          ['circle', 'var(--dot)', 'AB: default first'],
          ['square', 'var(--dot)', 'BA: candidate first'],
          ['diamond', 'var(--accent)', 'mean with 95 % interval'],
          [
            'band',
            'var(--line)',
            `margin of ±${percent(verification.margin)} in which arms count as equal`,
          ],
        ]),
        caption: `All pairs: ${timesTheDefault(verification.ratio.value, verification.ratio)}. Verdict: ${verdictPhrase(verification.verdict, verification.margin)}. The interval is Student’s t on the logarithms of the pairs’ ratios.`,
      })}`,
  };
}

/** Throughput against latency, one point an arm. */
export async function tradeOffSection(view: RunView): Promise<Section | undefined> {
  const chart = throughputLatencyChart(view);
  if (chart === undefined) return undefined;
  const offChart = view.limitMs !== undefined && drawnBound(view) === undefined;
  return {
    id: 'trade-off',
    heading: `Throughput against ${view.percentile} latency`,
    content: html`<p class="lead">
        Up and to the left is better. The line joins the arms that no other arm beats in both.
      </p>
      ${chartFigure('throughput-latency', await drawChart(chart), {
        description: `Throughput against ${view.percentile} latency of ${counted(view.arms.length, 'arm')}, with the Pareto front`,
        before: keys([...armKeys(view), ['line', 'var(--accent)', 'Pareto front']]),
        caption: html`${pointSource(view)}${offChart && ` The bound of ${milliseconds(view.limitMs ?? Number.NaN)} lies far beyond the edge of this chart.`}`,
      })}`,
  };
}

/** The marks of arms that occur in this run. */
function armKeys(view: RunView): readonly Key[] {
  const highlight = highlightOf(view);
  const entries: readonly (Key | undefined)[] = [
    view.baseline === undefined ? undefined : ['diamond', 'var(--ink)', 'default'],
    highlight === undefined ? undefined : ['circle', 'var(--accent)', highlight.name],
    view.arms.some((arm) => arm.broken.length === 0) ? ['circle', 'var(--dot)', 'arm'] : undefined,
    view.arms.some((arm) => arm.broken.length > 0)
      ? ['triangle', 'var(--alarm)', 'breaks a constraint']
      : undefined,
  ];
  return entries.filter((entry) => entry !== undefined);
}

/** Where the points' figures come from: the named ones agree with the table at the top. */
function pointSource(view: RunView): string {
  return compareArms(view).verified
    ? 'The two named arms have the figures of the verification, as in the table above; every other point is the median of one arm’s trials.'
    : 'Each point is the median of one arm’s trials.';
}

/** One small panel a knob, the most telling first. */
export async function knobSection(view: RunView): Promise<Section | undefined> {
  const effects = knobEffects(view);
  if (effects.length === 0) return undefined;
  const scale = sharedScale(effects);
  const panels: Html[] = [];
  for (const [index, effect] of effects.entries()) {
    const drawn = await drawChart(knobEffectChart(effect, scale));
    panels.push(
      knobPanel(
        effect,
        chartFigure(`knob-${index}`, drawn, { description: describeEffect(effect) }),
      ),
    );
  }
  return {
    id: 'knobs',
    heading: 'Which knob matters',
    content: html`<p class="lead">
        Throughput of every arm relative to the default (dashed), by the value of one knob; the bar
        and the figure above are the median. All panels share one scale and the strongest comes
        first. The other knobs vary along with it, so a panel shows what went together, not a cause.
      </p>
      ${keys([...armKeys(view), ['line', 'var(--accent)', 'median']])}
      <div class="panels">${panels}</div>`,
  };
}

function knobPanel(effect: KnobEffect, chart: Html): Html {
  const spread =
    effect.spread < 2
      ? change(1, effect.spread).replace(/^[+±]/, '')
      : `a factor of ${ratio(effect.spread)}`;
  return html`<div>
    <h3>${effect.knob.title}<small>medians differ by ${spread}</small></h3>
    ${chart}
  </div> `;
}

function describeEffect({ knob, medians }: KnobEffect): string {
  const parts = medians.map((item) => `${item.value}: ${item.text}`);
  return `Throughput relative to the default by ${knob.title.toLowerCase()}; medians ${parts.join(', ')}`;
}

/** Every trial in the order of time, and how the best one rose. */
export async function progressSection(view: RunView): Promise<Section | undefined> {
  const chart = bestSoFarChart(view);
  if (chart === undefined) return undefined;
  const states = new Set(
    view.trials.map((trial) => (trial.state === 'completed' ? 'done' : 'failed')),
  );
  const broken = view.arms.some((arm) => arm.broken.length > 0);
  const verified = view.trials.some((trial) => trial.purpose.kind === 'verify');
  return {
    id: 'progress',
    heading: 'Best so far',
    content: html`<p class="lead">
        The highest throughput of a single search trial that met the constraints, over the time that
        the trials took.
      </p>
      ${chartFigure('best-so-far', await drawChart(chart), {
        description: `Throughput of ${counted(view.completed.length, 'trial')} over time, and the best so far`,
        before: keys([
          ['line', 'var(--accent)', 'best so far'],
          ['circle', 'var(--dot)', 'search trial'],
          ...(broken ? [['triangle', 'var(--alarm)', 'breaks a constraint'] as const] : []),
          ...(verified ? [['square', 'var(--muted)', 'verification trial'] as const] : []),
          ...(states.has('failed') ? [['cross', 'var(--alarm)', 'no result'] as const] : []),
        ]),
      })}`,
  };
}

type KeyShape = 'circle' | 'square' | 'diamond' | 'triangle' | 'cross' | 'line' | 'band';

/** Shape, colour, and what it stands for. */
type Key = readonly [KeyShape, string, string];

const KEY_PATHS: Readonly<Record<KeyShape, string>> = Object.freeze({
  circle: 'M4 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z',
  square: 'M4.5 2.5h7v7h-7Z',
  diamond: 'M8 0.5L13.5 6L8 11.5L2.5 6Z',
  triangle: 'M3.5 2.5h9L8 10Z',
  cross: 'M4.2 3.2L5.2 2.2L8 5L10.8 2.2L11.8 3.2L9 6L11.8 8.8L10.8 9.8L8 7L5.2 9.8L4.2 8.8L7 6Z',
  line: 'M0 5h16v2h-16Z',
  band: 'M0 0h16v12h-16Z',
});

/** A legend in the page's own text: it wraps, and it reads without the chart. */
function keys(entries: readonly Key[]): Html {
  return html`<div class="keys">
    ${entries.map(
      ([shape, colour, label]) =>
        html`<span
          ><svg viewBox="0 0 16 12" aria-hidden="true">
            <path fill="${colour}" d="${trusted(KEY_PATHS[shape])}" /></svg
          >${label}</span
        >`,
    )}
  </div> `;
}

import type { TopLevelSpec } from 'vega-lite';
import { median } from '../../engine/base/statistics.ts';
import { rate, ratio } from '../figure-format.ts';
import { describeArmFully, type Knob, knobNamed, knobText, type KnobValue } from '../knobs.ts';
import { type RatioScale, ratioScale } from '../ratio-scale.ts';
import { type RunView, variedKnobs } from '../run-view.ts';
import { isPositive, type Layer, short } from './chart-spec.ts';
import { ARM_LOOKS, type ArmKind, armKinds, isNamed } from './arm-points.ts';
import { REFERENCE_RULE } from './chart-marks.ts';
import { ACCENT, chartFrame, MUTED, NARROW } from './chart-theme.ts';

type Offset = Extract<NonNullable<Layer['encoding']>['xOffset'], { field?: unknown }>;

interface Dot {
  readonly value: string;
  /** Throughput over that of the default. */
  readonly ratio: number;
  /** Place within the value's column, so that equal ratios do not hide each other. */
  readonly offset: number;
  readonly kind: ArmKind;
  readonly arm: string;
  readonly throughput: string;
}

/** One knob: its values in order, every arm, and the median of each value. */
export interface KnobEffect {
  readonly knob: Knob;
  readonly values: readonly string[];
  readonly dots: readonly Dot[];
  readonly medians: readonly {
    readonly value: string;
    readonly ratio: number;
    readonly text: string;
  }[];
  /** The highest median over the lowest: how much the knob seems to matter. */
  readonly spread: number;
}

/** The effect of each knob that varied, the strongest first. Needs the default arm's throughput. */
export function knobEffects(view: RunView): readonly KnobEffect[] {
  const base = view.baseline?.qps.value;
  if (!isPositive(base)) return [];
  return variedKnobs(view)
    .map((knob) => effectOf(view, knob, base))
    .filter((effect) => effect.values.length > 1)
    .toSorted((left, right) => right.spread - left.spread);
}

/** One scale for all panels: only then can their spreads be compared by eye. */
export function sharedScale(effects: readonly KnobEffect[]): RatioScale {
  return ratioScale(effects.flatMap((effect) => effect.dots.map((dot) => dot.ratio)));
}

/** One panel: throughput relative to the default for each value of one knob. */
export function knobEffectChart(effect: KnobEffect, scale: RatioScale): TopLevelSpec {
  return {
    ...chartFrame({ width: NARROW, height: 190 }),
    encoding: {
      x: {
        field: 'value',
        type: 'ordinal',
        title: effect.knob.title.toLowerCase(),
        sort: [...effect.values],
        scale: { domain: [...effect.values], paddingInner: 0.15, paddingOuter: 0.1 },
        axis: {
          ...labelPlacement(effect.values),
          labelOverlap: false,
          labelLimit: 110,
          ticks: false,
        },
      },
      y: {
        field: 'ratio',
        type: 'quantitative',
        title: 'throughput ÷ default',
        scale: { type: 'log', nice: false, domain: [...scale.domain] },
        axis: { values: [...scale.ticks], format: '~r', grid: true },
      },
    },
    layer: [unityLayer(), dotLayer(effect.dots), ...medianLayers(effect)],
  };
}

/** Names that would run into each other are set aslant; none may be left out. */
function labelPlacement(values: readonly string[]): { labelAngle: number; labelAlign?: 'right' } {
  const longest = Math.max(...values.map((value) => value.length));
  const fits = longest * 6.2 <= 250 / values.length;
  return fits ? { labelAngle: 0 } : { labelAngle: -28, labelAlign: 'right' };
}

function effectOf(view: RunView, knob: Knob, base: number): KnobEffect {
  const arms = view.arms.filter((arm) => isPositive(arm.qps.value));
  const values = orderedValues(
    arms.map((arm) => knob.read(arm.config)),
    searchedValues(view, knob),
  );
  const kindOf = armKinds(view);
  const dots = arms.map((arm, index) => ({
    value: knobText(knob.read(arm.config)),
    ratio: short(arm.qps.value / base),
    offset: short(((index * 0.618034) % 1) - 0.5),
    kind: kindOf(arm),
    arm: describeArmFully(arm.config, view.baseline?.config),
    throughput: `${rate(arm.qps.value)} samples/s, ${ratio(arm.qps.value / base)} × default`,
  }));
  const medians = values.map((value) => {
    const middle = median(dots.filter((dot) => dot.value === value).map((dot) => dot.ratio));
    return { value, ratio: short(middle), text: ratio(middle) };
  });
  const levels = medians.map((item) => item.ratio);
  return { knob, values, dots, medians, spread: Math.max(...levels) / Math.min(...levels) };
}

/** The values in the order of the run's space, which puts graph levels from least to most. */
function searchedValues(view: RunView, knob: Knob): readonly KnobValue[] {
  const entry = Object.entries(view.run.knobs).find(([name]) => knobNamed(name) === knob);
  return entry?.[1] ?? [];
}

/** Numbers ascend, `off` comes before `on`, names keep the order that they were searched in. */
function orderedValues(
  values: readonly KnobValue[],
  searched: readonly KnobValue[],
): readonly string[] {
  const ordered = [...new Set(values)].toSorted((left, right) =>
    typeof left === 'string' || typeof right === 'string'
      ? searched.indexOf(left) - searched.indexOf(right)
      : Number(left) - Number(right),
  );
  return ordered.map(knobText);
}

function unityLayer(): Layer {
  return {
    data: { values: [{ ratio: 1 }] },
    mark: REFERENCE_RULE,
    encoding: { x: { value: 0 }, x2: { value: 'width' } },
  };
}

/** Named arms last, so that they are drawn on top. */
function dotLayer(dots: readonly Dot[]): Layer {
  const named = (dot: Dot): number => Number(isNamed(dot));
  return {
    data: { values: dots.toSorted((left, right) => named(left) - named(right)) },
    mark: { type: 'point', filled: true, size: 28, opacity: 0.85 },
    encoding: {
      ...ARM_LOOKS,
      xOffset: offsetChannel('offset'),
      tooltip: [
        { field: 'arm', title: 'arm' },
        { field: 'throughput', title: 'throughput' },
      ],
    },
  };
}

/** A bar at the median, its figure in a row above the plot where no point can be. */
function medianLayers(effect: KnobEffect): Layer[] {
  const values = effect.medians.map((item) => ({ ...item, centre: 0 }));
  return [
    {
      data: { values },
      mark: {
        type: 'point',
        // A horizontal stroke, as long as the square root of the size.
        shape: 'stroke',
        size: 1150,
        strokeWidth: 3,
        filled: false,
        color: ACCENT,
        opacity: 1,
      },
      encoding: { xOffset: offsetChannel('centre') },
    },
    {
      data: { values },
      mark: { type: 'text', baseline: 'bottom', fill: MUTED },
      encoding: { y: { value: -6 }, text: { field: 'text' } },
    },
  ];
}

/** Place within a value's column, from -0.5 to 0.5, with some air between columns. */
function offsetChannel(field: 'offset' | 'centre'): Offset {
  return { field, type: 'quantitative', scale: { domain: [-0.75, 0.75] } };
}

import type { TopLevelSpec } from 'vega-lite';
import type { MemoryPlan } from '../../engine/graph/memory-plan/plan-memory.ts';
import { bytes } from '../figure-format.ts';
import { POINT_NAME } from './chart-marks.ts';
import { type Layer, short } from './chart-spec.ts';
import { ACCENT, chartFrame, DOT, MUTED, WIDE } from './chart-theme.ts';

const HEIGHT = 260;
/** Of a line of the names above the peak, in pixels, and from the last of them to the peak. */
const LINE_HEIGHT = 16;
const GAP = 12;
/** Tensors that are named above the peak; the table has more. */
const NAMED = 3;
/** Characters of a name that fit there. */
const MAX_NAME = 44;
/** More steps than pixels would only make the page large. */
const MAX_STEPS = 800;

interface Step {
  /** In the order of execution, from 1. */
  readonly node: number;
  readonly mebibytes: number;
  readonly text: string;
}

/** Bytes alive over the order of execution, the peak's tensors named; undefined with no bytes. */
export function memoryPlanChart(plan: MemoryPlan): TopLevelSpec | undefined {
  if (plan.peakBytes <= 0) return undefined;
  const count = plan.aliveBytes.length;
  const lines = namesOf(plan);
  return {
    ...chartFrame({ width: WIDE, height: HEIGHT }),
    encoding: {
      x: {
        field: 'node',
        type: 'quantitative',
        title: 'node, in the order of execution',
        scale: { nice: false, domain: [1, count + 1] },
        axis: { format: 'd', tickCount: 10, tickMinStep: 1 },
      },
      y: {
        field: 'mebibytes',
        type: 'quantitative',
        title: 'tensors alive (MiB)',
        scale: { nice: false, domain: [0, topFor(plan, lines.length)] },
        axis: { format: '~r', tickCount: 5 },
      },
    },
    layer: [areaLayer(stepsOf(plan)), ...peakLayers(plan, lines)],
  };
}

/**
 * One step a node, and the last one again, so that its step has a width; of many nodes the
 * largest of each group.
 */
function stepsOf({ aliveBytes }: MemoryPlan): Step[] {
  const group = Math.ceil(aliveBytes.length / MAX_STEPS);
  const steps: Step[] = [];
  for (let start = 0; start < aliveBytes.length; start += group) {
    const most = Math.max(...aliveBytes.slice(start, start + group));
    steps.push(stepOf(start + 1, most));
  }
  const last = steps.at(-1);
  return last === undefined ? [] : [...steps, { ...last, node: aliveBytes.length + 1 }];
}

function stepOf(node: number, alive: number): Step {
  return { node, mebibytes: short(alive / 2 ** 20), text: bytes(alive) };
}

function areaLayer(values: readonly Step[]): Layer {
  return {
    data: { values: [...values] },
    mark: {
      type: 'area',
      interpolate: 'step-after',
      fill: DOT,
      fillOpacity: 0.35,
      line: { color: DOT, strokeWidth: 1.5 },
    },
    encoding: {
      tooltip: [
        { field: 'node', title: 'node' },
        { field: 'text', title: 'alive' },
      ],
    },
  };
}

/** The end of the axis, MiB: above the peak, where nothing is drawn, is room for the names. */
function topFor({ peakBytes }: MemoryPlan, lines: number): number {
  const room = lines * LINE_HEIGHT + GAP;
  return short(((peakBytes / 2 ** 20) * HEIGHT) / (HEIGHT - room));
}

/** The peak as a point, what lives there above it, towards the middle of the chart. */
function peakLayers(plan: MemoryPlan, lines: readonly string[]): Layer[] {
  const peak = stepOf(plan.peakNode + 1, plan.peakBytes);
  const isLeft = plan.peakNode < plan.aliveBytes.length / 2;
  const align = isLeft ? 'left' : 'right';
  return [
    {
      data: { values: [peak] },
      mark: { type: 'point', filled: true, size: 70, color: ACCENT, opacity: 1 },
    },
    ...lines.map((name, line): Layer => ({
      data: { values: [{ ...peak, name }] },
      mark: {
        ...POINT_NAME,
        align,
        baseline: 'bottom',
        dy: LINE_HEIGHT * (line + 1 - lines.length) - GAP / 2,
        fill: line === 0 ? ACCENT : MUTED,
        fontWeight: line === 0 ? 600 : 400,
      },
      encoding: { text: { field: 'name' } },
    })),
  ];
}

function namesOf({ peakBytes, peakTensors }: MemoryPlan): string[] {
  const more = peakTensors.length - NAMED;
  return [
    `peak ${bytes(peakBytes)}`,
    ...peakTensors.slice(0, NAMED).map((one) => `${shortName(one.name)} ${bytes(one.bytes)}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** Exporters put the path of modules first: the end tells tensors apart. */
function shortName(name: string): string {
  return name.length <= MAX_NAME ? name : `…${name.slice(1 - MAX_NAME)}`;
}

import type { Config } from 'vega-lite';

/**
 * Colours are CSS variables of the page, so that one drawing serves the light
 * and the dark scheme and print. SVG attributes accept them; Vega passes them on.
 */
export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const LINE = 'var(--line)';
export const PAPER = 'var(--paper)';
export const ACCENT = 'var(--accent)';
export const ALARM = 'var(--alarm)';
export const DOT = 'var(--dot)';

/** Width in CSS pixels that a chart is drawn at; the live one takes its column's. */
export const WIDE = 860;
export const NARROW = 320;

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** What all charts have in common. */
export interface ChartFrame {
  readonly width: number;
  readonly height: number;
  readonly autosize: { readonly type: 'fit-x'; readonly contains: 'padding' };
  readonly padding: { left: number; right: number; top: number; bottom: number };
  readonly config: Config;
}

/** The frame of a chart: `width` in pixels is that of the whole drawing, `height` that of the plot. */
export function chartFrame(size: { width: number; height: number }): ChartFrame {
  return {
    ...size,
    autosize: { type: 'fit-x', contains: 'padding' },
    padding: { left: 2, right: 8, top: 6, bottom: 2 },
    config: chartConfig(),
  };
}

function chartConfig(): Config {
  return {
    background: 'transparent',
    font: FONT,
    // Per-mark descriptions would double the file; the figure carries one description.
    aria: false,
    view: { stroke: null },
    axis: {
      labelColor: MUTED,
      labelFontSize: 12,
      titleColor: MUTED,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      titlePadding: 8,
      domainColor: LINE,
      tickColor: LINE,
      gridColor: LINE,
      labelPadding: 6,
      labelOverlap: 'greedy',
      labelSeparation: 8,
    },
    axisX: { grid: false },
    axisY: { ticks: false, domain: false },
    text: { color: INK, fontSize: 12 },
  };
}

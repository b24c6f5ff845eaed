import type { Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';

/** A chart that shows without scripts, and what a script needs to bring it to life. */
export interface DrawnChart {
  readonly svg: string;
  /** The compiled specification, data inside. */
  readonly spec: Spec;
}

/** Compiles and draws. Vega takes about 0.3 s to load, so only a page that is written loads it. */
export async function drawChart(chart: TopLevelSpec): Promise<DrawnChart> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { $schema: _, ...spec } = vegaLite.compile(chart).spec;
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return { svg: withoutFiller(await view.toSVG()), spec };
  } finally {
    view.finalize();
  }
}

/** Vega writes empty paths and pointer hints for interaction; a still picture needs neither. */
function withoutFiller(svg: string): string {
  return svg
    .replaceAll(/<path class="foreground"[^>]*display="none"\/>/g, '')
    .replaceAll(/<path class="background"[^>]* d="M0,0h0v0h0Z"[^>]*\/>/g, '')
    .replaceAll(' pointer-events="none"', '')
    .replaceAll(' aria-hidden="true"', '')
    .replaceAll(/ class="mark-[^"]*"/g, '');
}

import type { TrialRecord } from '../suites/trial-record.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { renderPage, renderSections, type Section } from './page.ts';
import { type RunView, viewRun } from './run-view.ts';
import {
  hostSection,
  masthead,
  reproduceSection,
  workloadSection,
} from './sections/circumstances.ts';
import { definitionsSection } from './sections/definitions.ts';
import {
  knobSection,
  progressSection,
  tradeOffSection,
  verificationSection,
} from './sections/evidence.ts';
import { failuresSection, trialsSection, warningsSection } from './sections/findings.ts';
import { memoryPlanSection } from './sections/memory-plan.ts';
import { RUN_DEFINITIONS } from './sections/run-definitions.ts';
import { servedSection } from './sections/served.ts';
import { variantsSection } from './sections/variants.ts';
import { verdictSection } from './sections/verdict-section.ts';
import { loadVegaRuntime } from './vega-runtime.ts';
import { verdictText } from './verdict.ts';

export interface RunReportInput {
  readonly run: RunRecord;
  readonly trials: readonly TrialRecord[];
}

/**
 * The report of one run: a whole HTML file that needs nothing else. The same
 * records give the same text.
 */
export async function renderRunReport({ run, trials }: RunReportInput): Promise<string> {
  const view = viewRun(run, trials);
  const verdict = verdictText(view);
  const charts = await chartSections(view);
  const sections = [...charts, ...plainSections(view)].filter((item) => item !== undefined);
  const hasCharts = charts.some((chart) => chart !== undefined);
  return renderPage({
    title: `${run.workload.model.name}: tuning report ${run.id}`,
    body: [masthead(view), verdictSection(view, verdict), renderSections(sections)],
    vega: hasCharts ? (await loadVegaRuntime()).script : undefined,
  });
}

/** One after the other: two Vega views at once would only take turns. */
async function chartSections(view: RunView): Promise<readonly (Section | undefined)[]> {
  return [
    await verificationSection(view),
    await tradeOffSection(view),
    await knobSection(view),
    await progressSection(view),
    await memoryPlanSection(view),
  ];
}

function plainSections(view: RunView): readonly (Section | undefined)[] {
  return [
    servedSection(view),
    failuresSection(view),
    warningsSection(view),
    workloadSection(view),
    variantsSection(view),
    hostSection(view),
    reproduceSection(view),
    trialsSection(view),
    definitionsSection(RUN_DEFINITIONS),
  ];
}

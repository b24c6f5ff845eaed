import { expect, test } from 'vitest';
import { planMemory } from '../../engine/graph/memory-plan/plan-memory.ts';
import { memoryPlanChart } from '../../reports/charts/memory-plan.ts';
import { drawChart } from '../../reports/draw-chart.ts';
import { html } from '../../reports/html.ts';
import { viewRun, type RunView } from '../../reports/run-view.ts';
import { memoryPlanSection } from '../../reports/sections/memory-plan.ts';
import type { SessionFacts } from '../../engine/graph/memory-plan/session-facts.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { sessionFacts } from '../support/session-facts.ts';
import { defaultOutcome, runRecord, trialsOfRun, workload } from './fixtures.ts';
import { textOf } from './page-text.ts';

/** The default ships, at batch 1; its session was observed at a level. */
function view(
  facts: SessionFacts,
  changes: Partial<RunRecord> = {},
  graphLevel: 'all' | 'basic' = 'all',
): RunView {
  const plain = workload();
  const artifacts = plain.artifacts.map((one) => ({ ...one, sessions: [{ graphLevel, facts }] }));
  const run = { workload: { ...plain, artifacts }, outcome: defaultOutcome(), ...changes };
  return viewRun(runRecord(run), trialsOfRun({ search: 4 }));
}

async function markupOf(of: RunView): Promise<string> {
  const section = await memoryPlanSection(of);
  if (section === undefined) throw new Error('there is no section');
  return html`${section.content}`.markup;
}

test('bytes alive over the order of execution', () => {
  expect(memoryPlanChart(planMemory(sessionFacts(), 2))).toMatchSnapshot();
});

test('the chart is drawn with a step a node and the tensors of its peak', async () => {
  const chart = memoryPlanChart(planMemory(sessionFacts(), 1));
  if (chart === undefined) throw new Error('there is no chart');
  const { svg } = await drawChart(chart);
  for (const text of ['peak 7 MiB', 'a 4 MiB', 'b 2 MiB', 'c 1 MiB']) expect(svg).toContain(text);
  // Colours are variables, which the light and the dark scheme set.
  expect(svg).toContain('var(--accent)');
  expect(svg).not.toMatch(/#[0-9a-f]{6}/i);
});

test('of a graph of thousands of nodes the largest of each group is drawn', () => {
  const nodes = 5000;
  const size = { fixedBytes: 2 ** 20, sampleBytes: 0 };
  const buffers = [
    { size, first: 4321, last: 4321, isOutput: false, tensors: [{ name: 't', madeBy: 4321 }] },
  ];
  const text = JSON.stringify(memoryPlanChart(planMemory(sessionFacts({ nodes, buffers }), 1)));
  expect(text.match(/"mebibytes":1,/g)?.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThan(100_000);
});

test('a long name keeps its end, and no more than three are above the peak', () => {
  const size = { fixedBytes: 2 ** 20, sampleBytes: 0 };
  const name = `/model/encoder/${'layer/'.repeat(20)}attention/MatMul_output_0`;
  const buffers = [0, 1, 2, 3, 4].map((index) => ({
    size,
    first: 0,
    last: 1,
    isOutput: false,
    tensors: [{ name: `${name}_${index}`, madeBy: 0 }],
  }));
  const text = JSON.stringify(memoryPlanChart(planMemory(sessionFacts({ nodes: 2, buffers }), 1)));
  expect(text).toContain('attention/MatMul_output_0_0 1 MiB');
  expect(text).toContain('and 2 more');
  expect(text).not.toContain('/model/encoder');
});

test('a run that takes nothing has no chart', () => {
  expect(memoryPlanChart(planMemory(sessionFacts({ buffers: [] }), 1))).toBeUndefined();
});

test('the report shows the plan of what ships, its peak by name and what was predicted', async () => {
  const text = textOf(await markupOf(view(sessionFacts())));
  expect(text).toContain('At most 7 MiB at a time; 7.5 MiB if no memory were used again.');
  expect(text).toMatch(/Alive at the peak Size a 4 MiB b 2 MiB c 1 MiB/);
  expect(text).toContain('weights 6 MiB');
  expect(text).toMatch(/1 replica in all: [\d.]+ MiB predicted; measured,/);
});

test('a level that was not observed, an unfinished run and one without a result show none', async () => {
  expect(await memoryPlanSection(view(sessionFacts(), {}, 'basic'))).toBeUndefined();
  expect(await memoryPlanSection(view(sessionFacts(), { outcome: null }))).toBeUndefined();
  const outcome = { kind: 'nothing-feasible', nearest: null, reason: 'too slow' } as const;
  expect(await memoryPlanSection(view(sessionFacts(), { outcome }))).toBeUndefined();
});

test('names of tensors cannot become markup', async () => {
  const size = { fixedBytes: 2 ** 20, sampleBytes: 0 };
  const tensors = [{ name: '<img src=x>', madeBy: 0 }];
  const buffers = [{ size, first: 0, last: 1, isOutput: false, tensors }];
  const markup = await markupOf(view(sessionFacts({ nodes: 2, buffers })));
  expect(markup).not.toContain('<img');
});

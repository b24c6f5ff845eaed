import { formatDuration } from '../../engine/base/units.ts';
import { soughtName } from '../../tuner/objective.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { demandText } from '../constraint-check.ts';
import { bytes, counted, moment } from '../figure-format.ts';
import { html, type Html, type HtmlValue } from '../html.ts';
import { knobNamed, knobText } from '../knobs.ts';
import type { Section } from '../page.ts';
import { reproduceCommands } from '../reproduce.ts';
import type { RunView } from '../run-view.ts';
import { type Fact, factList } from '../tables/facts.ts';

/** What was run, under which bounds, and what was searched. */
export function workloadSection(view: RunView): Section {
  return {
    id: 'workload',
    heading: 'Workload and search',
    content: factList([...workloadFacts(view.run), ...searchFacts(view)]),
  };
}

function workloadFacts(run: RunRecord): readonly (Fact | undefined)[] {
  const { workload } = run;
  const { model, notes } = workload;
  const dims = Object.entries(workload.dims).map(([name, value]) => `${name} = ${value}`);
  const file = html`<code>${model.path}</code><br /><small
      >SHA-256 <code>${model.sha256}</code></small
    >`;
  return [
    {
      term: 'Target',
      value: html`<code>${workload.target}</code>${workload.suite !== null && ' (built-in suite)'}`,
    },
    { term: 'Model', value: html`${model.name}, ${bytes(model.sizeBytes)}<br />${file}` },
    { term: 'Data', value: dataText(run) },
    dims.length === 0 ? undefined : { term: 'Dimensions', value: dims.join(', ') },
    workload.batch === 'free' ? undefined : { term: 'Batch', value: `fixed at ${workload.batch}` },
    { term: 'Accuracy on', value: labelledText(workload.evaluationCount) },
    notes.length === 0
      ? undefined
      : { term: 'Notes', value: notes.map((note) => html`<div>${note}</div>`) },
  ];
}

function searchFacts(view: RunView): readonly Fact[] {
  const { run } = view;
  const measuring = `${formatDuration(run.trialMs)} a search trial, twice that in the verification; every trial in a fresh process`;
  return [
    { term: 'Scenario', value: SCENARIO },
    { term: 'Objective', value: objectiveText(run) },
    { term: 'Constraints', value: constraintsText(view) },
    { term: 'Space', value: spaceText(view) },
    { term: 'Searcher', value: `${run.searcher}, seed ${run.seed}` },
    { term: 'Budget', value: budgetText(run) },
    { term: 'Measuring', value: measuring },
  ];
}

function objectiveText(run: RunRecord): string {
  if (run.objective !== 'pareto') return `most ${soughtName(run)} that meets every constraint`;
  return `the front of throughput, memory and energy that meets every constraint; ships: ${run.pick}`;
}

const SCENARIO =
  'closed loop: each replica has one client, which sends the next batch when the last one is answered';

function labelledText(count: number): string {
  return count > 0 ? counted(count, 'labelled sample') : 'nothing: the data has no labels';
}

/** The machine and the versions. */
export function hostSection({ run }: RunView): Section {
  const { host, versions } = run;
  return {
    id: 'host',
    heading: 'Host and versions',
    content: factList([
      { term: 'Host', value: html`${host.name} <small>key <code>${host.key}</code></small>` },
      { term: 'CPU', value: `${host.cpu}, ${host.architecture}` },
      { term: 'Cores', value: `${host.usableCores} usable of ${host.cores}` },
      {
        term: 'Instructions',
        value: host.isa.length === 0 ? 'none that matter were found' : host.isa.join(', '),
      },
      { term: 'Memory', value: bytes(host.memoryBytes) },
      { term: 'System', value: `${host.os}, kernel ${host.kernel}` },
      {
        term: 'Versions',
        value: `OpenClaw harness ${versions.openclaw}, onnxruntime ${versions.onnxruntime}, Node ${versions.node}`,
      },
    ]),
  };
}

/** The commands that give these results again. */
export function reproduceSection({ run }: RunView): Section {
  return {
    id: 'reproduce',
    heading: 'How to reproduce',
    content: html`<div class="commands">
      ${reproduceCommands(run).map(
        ({ line, purpose }) =>
          html`<code>${unbroken(line)}</code>
            <p>${purpose}</p>`,
      )}
    </div>`,
  };
}

/** Words that stay whole where the line breaks: an option is not split after its hyphens. */
function unbroken(line: string): readonly Html[] {
  return line.split(' ').map((word, index) => html`${index > 0 && ' '}<span>${word}</span>`);
}

function dataText({ workload }: RunRecord): HtmlValue {
  switch (workload.data.kind) {
    case 'suite':
      return `${workload.data.description}, seed ${workload.seed}`;
    case 'file':
      return html`<code>${workload.data.path}</code><br />${workload.data.description}`;
    case 'random':
      return html`<b>Random data</b>, seed ${workload.seed}: ${workload.data.description}`;
  }
}

function constraintsText({ run }: RunView): string {
  if (run.constraints.length === 0) return 'none';
  return run.constraints.map(demandText).join(', ');
}

function spaceText({ run, arms }: RunView): HtmlValue {
  const knobs = Object.entries(run.knobs).map(([name, values]) => {
    const title = knobNamed(name)?.title ?? name;
    return html`<div>${title}: ${values.map(knobText).join(', ')}</div>`;
  });
  const large =
    run.tooLarge === 0
      ? ''
      : `; ${counted(run.tooLarge, 'arm')} left out as too large for the memory`;
  return html`${arms.length} of ${counted(run.armCount, 'distinct arm')} measured${large}${knobs}`;
}

function budgetText({ budget, spentMs }: RunRecord): string {
  const parts = [
    budget.timeMs === null ? '' : formatDuration(budget.timeMs),
    budget.trials === null ? '' : counted(budget.trials, 'search trial'),
  ].filter((part) => part !== '');
  const limit = parts.length === 0 ? 'none' : parts.join(' or ');
  return `${limit}; ${formatDuration(spentMs)} spent`;
}

/** One line about the run for the top of the page. */
export function masthead({ run }: RunView): Html {
  return html`<div class="masthead">
    <span><b>OpenClaw harness</b> tuning report, run ${run.id}, ${moment(run.createdAt)}</span>
    <span>${run.workload.model.name} on ${run.host.cpu}</span>
  </div>`;
}

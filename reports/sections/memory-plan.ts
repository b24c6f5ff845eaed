import { planMemory, type MemoryPlan } from '../../engine/graph/memory-plan/plan-memory.ts';
import { predictReplicas, predictSession } from '../../engine/graph/memory-plan/predict-session.ts';
import { sessionFactsOf } from '../../suites/workload-record.ts';
import type { MeasuredArm } from '../../tuner/run-record.ts';
import { memoryPlanChart } from '../charts/memory-plan.ts';
import { drawChart } from '../draw-chart.ts';
import { bytes, counted } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { chartFigure, type Section } from '../page.ts';
import type { RunView } from '../run-view.ts';

type SessionFacts = NonNullable<ReturnType<typeof sessionFactsOf>>;

/** What the activations of the shipped arm take, node by node, where the run recorded it. */
export async function memoryPlanSection(view: RunView): Promise<Section | undefined> {
  const { outcome, workload } = view.run;
  if (outcome === null || outcome.kind === 'nothing-feasible') return undefined;
  const { config } = outcome.shipped;
  const facts = sessionFactsOf(workload, config);
  if (facts === undefined) return undefined;
  const plan = planMemory(facts, config.batch.maxSize);
  const chart = memoryPlanChart(plan);
  if (chart === undefined) return undefined;
  return {
    id: 'memory',
    heading: 'Where the memory goes',
    content: html`<p class="lead">
        Tensors of the shipped configuration that are alive while one replica runs a batch of
        ${plan.batch}, as the runtime reuses their memory.
      </p>
      ${chartFigure('memory-plan', await drawChart(chart), {
        description: `Bytes of tensors alive over ${counted(plan.aliveBytes.length, 'node')}, at most ${bytes(plan.peakBytes)}`,
        caption: `At most ${bytes(plan.peakBytes)} at a time; ${bytes(plan.withoutReuseBytes)} if no memory were used again.`,
      })}
      ${peakTable(plan)} ${predictionNote(facts, outcome.shipped)}`,
  };
}

/** Tensors of the peak that are listed. */
const LISTED = 8;

function peakTable({ peakTensors }: MemoryPlan): Html {
  const rest = peakTensors.slice(LISTED);
  const restBytes = rest.reduce((sum, one) => sum + one.bytes, 0);
  return html`<table class="plain">
    <thead>
      <tr>
        <th scope="col">Alive at the peak</th>
        <th scope="col" class="number">Size</th>
      </tr>
    </thead>
    <tbody>
      ${peakTensors.slice(0, LISTED).map(
        (one) =>
          html`<tr>
            <td><code>${one.name}</code></td>
            <td class="number">${bytes(one.bytes)}</td>
          </tr> `,
      )}
      ${
        rest.length > 0 &&
        html`<tr>
          <td>${counted(rest.length, 'smaller one')}</td>
          <td class="number">${bytes(restBytes)}</td>
        </tr> `
      }
    </tbody>
  </table>`;
}

/** Beside what was measured: requests that are kept ready count there as well. */
function predictionNote(facts: SessionFacts, { config, metrics }: MeasuredArm): Html {
  const { arena, memPattern, replicas } = config;
  const settings = { batch: config.batch.maxSize, arena, memPattern };
  const prediction = predictSession(facts, settings);
  const { weightsBytes, packedBytes, loadingBytes, activationBytes } = prediction;
  const threads = config.isolation === 'thread';
  const together = predictReplicas(facts, { ...settings, replicas, threads });
  return html`<p class="note">
    One session is predicted to take ${bytes(prediction.sessionBytes)}: weights
    ${bytes(weightsBytes)}, copies of them in the layout of kernels ${bytes(packedBytes)}, the
    runtime’s code and what loading leaves ${bytes(loadingBytes)}, runs ${bytes(activationBytes)}.
    ${counted(replicas, 'replica')} in all: ${bytes(together)} predicted; measured, and with the
    requests that were kept ready, ${bytes(metrics.sessionBytes)}.
  </p>`;
}

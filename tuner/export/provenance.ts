import { basename } from 'node:path';
import { formatBytes, formatNumber, formatPercent } from '../../engine/base/units.ts';
import { describeConstraint } from '../constraint.ts';
import type { ArmMetrics } from '../run-record.ts';
import { namedSizes } from './coverage.ts';
import type { ExportInput } from './export-input.ts';
import type { Tuned } from './tuned.ts';

/** The beginning of every exported file: where it comes from, and what it cannot express. */
export function headOf(input: ExportInput, warnings: readonly string[]): string[] {
  const { tuned, history, version } = input;
  const source = history === null ? 'a tuned.json' : `run ${history.run.id}`;
  return [
    `Exported by openclaw-harness ${version} from ${source}. Export again instead of editing.`,
    `model:    ${tuned.model.name}, SHA-256 ${tuned.model.sha256}`,
    `artifact: ${tuned.config.precision}, passes ${tuned.config.passes}, SHA-256 ${tuned.artifact.sha256}`,
    `host:     ${tuned.host.cpu}, ${tuned.host.cores} cores, ${formatBytes(tuned.host.memoryBytes)}, key ${tuned.host.key}`,
    `runtime:  ONNX Runtime ${tuned.runtime.version}, provider ${tuned.provider}`,
    `workload: ${workloadText(tuned)}`,
    `sought:   ${[tuned.objective, ...tuned.constraints.map(describeConstraint)].join(', ')}`,
    `measured: ${metricsText(tuned.metrics)}`,
    `default:  ${metricsText(tuned.baseline.metrics)}; the exported config is ${tuned.verdict}`,
    ...(warnings.length === 0
      ? ['Everything that was tuned is expressed here.']
      : warnings.map((warning) => `WARNING: ${warning}`)),
  ];
}

function workloadText({ workload: { suite, data, dims, scenario, seed } }: Tuned): string {
  const input =
    suite === null ? (data === null ? 'random data' : basename(data)) : `suite ${suite}`;
  const sizes = Object.keys(dims).length === 0 ? '' : `, ${namedSizes(dims)}`;
  return `${input}${sizes}, ${scenario}, seed ${seed}`;
}

function metricsText({ qps, latencyMs, memoryBytes, quality }: ArmMetrics): string {
  const high = qps.high === null ? '' : ` [${formatNumber(qps.low)}, ${formatNumber(qps.high)}]`;
  return [
    `${formatNumber(qps.value)} samples/s${high}`,
    `p50 ${formatNumber(latencyMs.p50)} ms`,
    `p99 ${formatNumber(latencyMs.p99)} ms${latencyMs.certified ? ' (certified)' : ''}`,
    formatBytes(memoryBytes),
    ...(quality.accuracy === undefined ? [] : [`accuracy ${formatPercent(quality.accuracy)}`]),
  ].join(', ');
}

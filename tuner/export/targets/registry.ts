import { UsageError } from '../../../engine/base/errors.ts';
import type { ExportTarget } from '../export-target.ts';
import { composeTarget } from './compose.ts';
import { envTarget } from './env.ts';
import { kserveTarget } from './kserve.ts';
import { kubernetesTarget } from './kubernetes.ts';
import { mlflowTarget } from './mlflow.ts';
import { nodeTarget } from './node.ts';
import { optunaTarget } from './optuna.ts';
import { ortCppTarget } from './ort-cpp.ts';
import { ortPythonTarget } from './ort-python.ts';
import { systemdTarget } from './systemd.ts';
import { tritonTarget } from './triton.ts';

export const EXPORT_TARGETS: readonly ExportTarget[] = Object.freeze([
  nodeTarget,
  ortPythonTarget,
  ortCppTarget,
  tritonTarget,
  kserveTarget,
  kubernetesTarget,
  composeTarget,
  systemdTarget,
  envTarget,
  optunaTarget,
  mlflowTarget,
]);

/** The targets by their names, each once, in the order of their first mention. */
export function findTargets(names: readonly string[]): ExportTarget[] {
  return [...new Set(names)].map((name) => {
    const target = EXPORT_TARGETS.find((one) => one.name === name);
    if (target !== undefined) return target;
    throw new UsageError(`there is no target '${name}'`, {
      remedy: `targets: ${EXPORT_TARGETS.map((one) => one.name).join(', ')}`,
    });
  });
}

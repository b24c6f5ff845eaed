import { warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, imageFiles, yamlFile } from './app-files.ts';
import {
  applyCommands,
  containerSpec,
  kubernetesResources,
  LIVENESS,
  POD_AFFINITY,
  podVolumes,
  resourceAnnotations,
  resourceLines,
  START_SECONDS,
} from './container.ts';

const FORMAT = 'openclaw-onnx';
const LEAST_PODS = 1;
/** Knative sets no bound where none is given. */
const MOST_PODS = 10;

/** The model is in the image, so that no storage is read when a pod starts. */
export const kserveTarget = Object.freeze<ExportTarget>({
  name: 'kserve',
  summary: 'ServingRuntime, InferenceService and the image',
  coverage: {
    ...APP_COVERAGE,
    'config.affinity': POD_AFFINITY,
    'metrics.server': warned(
      ({ resources: { inFlight } }) =>
        `the target of ${inFlight.value} requests in flight is for KServe on Knative, which the InferenceService asks for (deploymentMode Serverless); in Standard mode take that annotation, scaleMetric and scaleTarget out, and scale by other means`,
    ),
  },
  next: applyCommands,
  render: (input, head) => [
    yamlFile(
      `${input.name}.yaml`,
      [...head, ...resourceLines(input), `scale out at:   ${input.resources.inFlight.from}`],
      [servingRuntime(input), inferenceService(input)],
    ),
    ...imageFiles(input, head),
  ],
});

function servingRuntime(input: ExportInput): object {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name: input.name, annotations: resourceAnnotations(input) },
    spec: {
      supportedModelFormats: [{ name: FORMAT, version: '1', autoSelect: false }],
      protocolVersions: ['v2'],
      containers: [servingContainer(input)],
      ...podVolumes(input),
    },
  };
}

/**
 * KServe finds the container that serves by its name. Knative allows the port's names `http1`
 * and `h2c` alone, no hooks of the lifecycle, and a startup probe only since 1.15.
 */
function servingContainer(input: ExportInput): object {
  return {
    ...containerSpec(input, { name: 'kserve-container', portName: 'http1' }),
    livenessProbe: { ...LIVENESS, initialDelaySeconds: START_SECONDS },
  };
}

function inferenceService(input: ExportInput): object {
  const { inFlight } = input.resources;
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: input.name,
      annotations: {
        // The name that every release knows; the newer ones read it as Knative.
        'serving.kserve.io/deploymentMode': 'Serverless',
        // The target has its head room already: Knative would take 70 % of it.
        'autoscaling.knative.dev/target-utilization-percentage': '100',
        'openclaw/in-flight': inFlight.from,
      },
    },
    spec: {
      predictor: {
        minReplicas: LEAST_PODS,
        maxReplicas: MOST_PODS,
        scaleMetric: 'concurrency',
        scaleTarget: inFlight.value,
        model: {
          modelFormat: { name: FORMAT, version: '1' },
          protocolVersion: 'v2',
          runtime: input.name,
          resources: kubernetesResources(input),
        },
      },
    },
  };
}

import { warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, imageFiles, yamlFile } from './app-files.ts';
import {
  containerSpec,
  kubernetesResources,
  podVolumes,
  resourceAnnotations,
  resourceLines,
  tokenCommand,
} from './container.ts';
import { kubernetesTarget } from './kubernetes.ts';

const FORMAT = 'openclaw-onnx';

/** The model is in the image, so that no storage is read when a pod starts. */
export const kserveTarget = Object.freeze<ExportTarget>({
  name: 'kserve',
  summary: 'ServingRuntime, InferenceService and the image',
  coverage: {
    ...APP_COVERAGE,
    'config.affinity': kubernetesTarget.coverage['config.affinity'] ?? warned(() => null),
    'metrics.server': warned(
      ({ resources: { inFlight } }) =>
        `KServe scales by what its own autoscaler sees: the target of ${inFlight.value} requests in flight is set for Knative, and other deployment modes ignore it`,
    ),
  },
  next: ({ name, image }) =>
    `docker build -t ${image} app, ${tokenCommand(name)}, then: kubectl apply -f ${name}.yaml`,
  render: (input, head) => [
    yamlFile(
      `${input.name}.yaml`,
      [...head, ...resourceLines(input)],
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
      // KServe finds the container that serves by this name.
      containers: [containerSpec(input, 'kserve-container')],
      ...podVolumes(input),
    },
  };
}

function inferenceService(input: ExportInput): object {
  const { inFlight } = input.resources;
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: input.name,
      annotations: { 'openclaw/in-flight': inFlight.from },
    },
    spec: {
      predictor: {
        minReplicas: 1,
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

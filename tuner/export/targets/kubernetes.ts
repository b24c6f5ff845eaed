import { warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, imageFiles, yamlFile } from './app-files.ts';
import {
  applyCommands,
  containerSpec,
  GRACE_SECONDS,
  POD_AFFINITY,
  podVolumes,
  PORT,
  resourceAnnotations,
  resourceLines,
  STARTUP,
} from './container.ts';

const LEAST_PODS = 2;
const MOST_PODS = 10;
/** As in the autoscaler's own default: a dip in the load must not stop pods. */
const SCALE_DOWN_WINDOW_SECONDS = 300;
/** For every node to hear that a pod is leaving, before it refuses what still comes. */
const LEAVING_SECONDS = 5;

export const kubernetesTarget = Object.freeze<ExportTarget>({
  name: 'kubernetes',
  summary: 'Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget and the image',
  coverage: {
    ...APP_COVERAGE,
    'config.affinity': POD_AFFINITY,
    'metrics.server': warned(() => SCALING),
  },
  next: applyCommands,
  render: (input, head) => [
    yamlFile(
      `${input.name}.yaml`,
      [...head, ...resourceLines(input), scalingLine(input)],
      [deployment(input), service(input), autoscaler(input), disruptionBudget(input)],
    ),
    ...imageFiles(input, head),
  ],
});

const SCALING =
  'scaling needs a metrics adapter that reads openclaw_requests_in_flight from /metrics of the pods (such as prometheus-adapter); without one the least number of pods stays';

function scalingLine({ resources: { inFlight } }: ExportInput): string {
  return `scale out at:   ${inFlight.from}`;
}

function metadata(input: ExportInput): { name: string; labels: Record<string, string> } {
  return { name: input.name, labels: { 'app.kubernetes.io/name': input.name } };
}

function deployment(input: ExportInput): object {
  const { labels } = metadata(input);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata(input), annotations: resourceAnnotations(input) },
    spec: {
      // How many there are is the autoscaler's: a number here would undo it on each apply.
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels,
          annotations: {
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': String(PORT),
            'prometheus.io/path': '/metrics',
          },
        },
        spec: {
          terminationGracePeriodSeconds: LEAVING_SECONDS + GRACE_SECONDS,
          automountServiceAccountToken: false,
          topologySpreadConstraints: [spread(labels)],
          containers: [engineContainer(input)],
          ...podVolumes(input),
        },
      },
    },
  };
}

/** Two pods on one node would measure each other, and fall together. */
function spread(labels: Record<string, string>): object {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
  };
}

function engineContainer(input: ExportInput): object {
  return {
    ...containerSpec(input, { name: 'engine', portName: 'http' }),
    startupProbe: STARTUP,
    lifecycle: { preStop: { exec: { command: ['sleep', String(LEAVING_SECONDS)] } } },
  };
}

function service(input: ExportInput): object {
  const { labels } = metadata(input);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(input),
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}

function autoscaler(input: ExportInput): object {
  const { inFlight } = input.resources;
  const target = { type: 'AverageValue', averageValue: String(inFlight.value) };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata(input), annotations: { 'openclaw/in-flight': inFlight.from } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: input.name },
      minReplicas: LEAST_PODS,
      maxReplicas: MOST_PODS,
      metrics: [
        { type: 'Pods', pods: { metric: { name: 'openclaw_requests_in_flight' }, target } },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: SCALE_DOWN_WINDOW_SECONDS } },
    },
  };
}

function disruptionBudget(input: ExportInput): object {
  const { labels } = metadata(input);
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(input),
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  };
}

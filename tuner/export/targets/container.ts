import { warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';

/** Where the exported server listens inside its container, unless PORT says otherwise. */
export const PORT = 8000;

/** Time for requests that are under way when a container is told to end, in seconds. */
export const GRACE_SECONDS = 30;

/** How long opening every session may take, in seconds: until then no probe ends a container. */
export const START_SECONDS = 300;

const PROBE_SECONDS = 5;

/** The lines that say which measurement each reserved resource comes from. */
export function resourceLines({ resources }: ExportInput): string[] {
  const { cpuCores, memoryRequestBytes, memoryLimitBytes } = resources;
  return [
    `cpu request:    ${cpuCores.from}`,
    `memory request: ${memoryRequestBytes.from}`,
    `memory limit:   ${memoryLimitBytes.from}`,
  ];
}

/** Kubernetes quantities; no CPU limit: throttling would only add to the latency. */
export function kubernetesResources({ resources }: ExportInput): object {
  const { cpuCores, memoryRequestBytes, memoryLimitBytes } = resources;
  return {
    requests: {
      cpu: `${Math.round(cpuCores.value * 1000)}m`,
      memory: mebibytes(memoryRequestBytes.value),
    },
    limits: { memory: mebibytes(memoryLimitBytes.value) },
  };
}

/** `284Mi`, rounded up. */
function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}Mi`;
}

/** Which measurement the resources come from, kept with the object in the cluster. */
export function resourceAnnotations({ resources, tuned }: ExportInput): Record<string, string> {
  return {
    'openclaw/cpu-request': resources.cpuCores.from,
    'openclaw/memory-request': resources.memoryRequestBytes.from,
    'openclaw/memory-limit': resources.memoryLimitBytes.from,
    'openclaw/artifact-sha256': tuned.artifact.sha256,
  };
}

/**
 * The container that answers, as Kubernetes and Knative both take it. PORT is not set: Knative
 * sets it itself and refuses one that is given.
 */
export function containerSpec(
  input: ExportInput,
  { name, portName }: { readonly name: string; readonly portName: string },
): object {
  const needsSharedMemory = input.tuned.config.isolation === 'process';
  return {
    name,
    image: input.image,
    ports: [{ containerPort: PORT, name: portName, protocol: 'TCP' }],
    env: [
      { name: 'HOST', value: '0.0.0.0' },
      {
        name: 'TOKEN',
        valueFrom: { secretKeyRef: { name: `${input.name}-token`, key: 'token' } },
      },
    ],
    resources: kubernetesResources(input),
    // A run in the server's own thread keeps it from answering for as long.
    readinessProbe: { ...probe('ready'), timeoutSeconds: PROBE_SECONDS },
    livenessProbe: LIVENESS,
    // What the Pod Security Standard `restricted` asks for.
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(needsSharedMemory && { volumeMounts: [{ name: 'shm', mountPath: '/dev/shm' }] }),
  };
}

function probe(what: 'live' | 'ready'): object {
  return {
    httpGet: { path: `/v2/health/${what}`, port: PORT },
    periodSeconds: PROBE_SECONDS,
  };
}

/** Replaced where a server hangs for half a minute; the others have time to start. */
export const LIVENESS: object = Object.freeze({
  ...probe('live'),
  failureThreshold: 6,
  timeoutSeconds: 10,
});

/** Before it holds no other probe begins. */
export const STARTUP: object = Object.freeze({
  ...probe('ready'),
  failureThreshold: START_SECONDS / PROBE_SECONDS,
});

/** Replicas in processes pass tensors through /dev/shm, which a container has 64 MiB of. */
export function podVolumes({ tuned, resources }: ExportInput): object {
  if (tuned.config.isolation !== 'process') return {};
  const sizeLimit = mebibytes(resources.memoryLimitBytes.value);
  return { volumes: [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit } }] };
}

/** The engine does not start where it may not use the processors that an affinity names. */
export const POD_AFFINITY = warned(({ tuned: { config } }) =>
  config.affinity === null
    ? null
    : `affinity '${config.affinity}' names processors of a node: pods on one node would share these, and where the kubelet gives a pod others it does not start`,
);

/** What to do with the folder: from the image to the running pods. */
export function applyCommands({ name, image }: ExportInput): string {
  return [
    `docker build -t ${image} app`,
    `docker push ${image} (to a registry that the cluster reads: --image names it)`,
    `kubectl create secret generic ${name}-token --from-literal=token="$(openssl rand -hex 32)"`,
    `then: kubectl apply -f ${name}.yaml`,
  ].join(', ');
}

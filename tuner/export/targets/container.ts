import type { ExportInput } from '../export-input.ts';

/** Where the exported server listens inside its container. */
export const PORT = 8000;

/** Time for requests that are under way when a container is told to end, in seconds. */
export const GRACE_SECONDS = 30;

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

/** The container that answers, as Kubernetes and KServe describe one. */
export function containerSpec(input: ExportInput, name: string): object {
  const probe = (path: string): object => ({ httpGet: { path, port: PORT }, periodSeconds: 5 });
  const needsSharedMemory = input.tuned.config.isolation === 'process';
  return {
    name,
    image: input.image,
    ports: [{ containerPort: PORT, name: 'http', protocol: 'TCP' }],
    env: [
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'PORT', value: String(PORT) },
      {
        name: 'TOKEN',
        valueFrom: { secretKeyRef: { name: `${input.name}-token`, key: 'token' } },
      },
    ],
    resources: kubernetesResources(input),
    // Opening every session may take a minute; only then do the other probes begin.
    startupProbe: { ...probe('/v2/health/ready'), failureThreshold: 60 },
    readinessProbe: probe('/v2/health/ready'),
    livenessProbe: { ...probe('/v2/health/live'), failureThreshold: 6, timeoutSeconds: 10 },
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
    },
    ...(needsSharedMemory && { volumeMounts: [{ name: 'shm', mountPath: '/dev/shm' }] }),
  };
}

/** Replicas in processes pass tensors through /dev/shm, which a container has 64 MiB of. */
export function podVolumes({ tuned, resources }: ExportInput): object {
  if (tuned.config.isolation !== 'process') return {};
  const sizeLimit = mebibytes(resources.memoryLimitBytes.value);
  return { volumes: [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit } }] };
}

export function tokenCommand(name: string): string {
  return `kubectl create secret generic ${name}-token --from-literal=token="$(openssl rand -hex 32)"`;
}

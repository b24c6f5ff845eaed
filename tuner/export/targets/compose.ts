import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, imageFiles, yamlFile } from './app-files.ts';
import { GRACE_SECONDS, PORT, resourceLines } from './container.ts';

export const composeTarget = Object.freeze<ExportTarget>({
  name: 'compose',
  summary: 'a Compose file and the image',
  coverage: APP_COVERAGE,
  next: () => 'TOKEN=$(openssl rand -hex 32) docker compose up --build',
  render: (input, head) => [
    yamlFile('compose.yaml', [...head, ...resourceLines(input)], [compose(input)]),
    ...imageFiles(input, head),
  ],
});

function compose(input: ExportInput): object {
  const { resources, tuned, name, image } = input;
  const limitBytes = resources.memoryLimitBytes.value;
  const healthy = `fetch('http://127.0.0.1:${PORT}/v2/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return {
    // Else the folder's name, `compose`, is that of every exported model's project.
    name,
    services: {
      [name]: {
        build: './app',
        image,
        environment: {
          HOST: '0.0.0.0',
          PORT: String(PORT),
          TOKEN: '${TOKEN:?set what clients must send}',
        },
        ports: [`127.0.0.1:${PORT}:${PORT}`],
        init: true,
        restart: 'unless-stopped',
        stop_grace_period: `${GRACE_SECONDS}s`,
        // Replicas in processes pass tensors through /dev/shm, of which there are 64 MiB else.
        ...(tuned.config.isolation === 'process' && { shm_size: limitBytes }),
        healthcheck: {
          test: ['CMD', 'node', '--eval', healthy],
          interval: '10s',
          start_period: '60s',
        },
        deploy: {
          resources: {
            limits: { memory: String(limitBytes) },
            reservations: {
              cpus: String(resources.cpuCores.value),
              memory: String(resources.memoryRequestBytes.value),
            },
          },
        },
      },
    },
  };
}

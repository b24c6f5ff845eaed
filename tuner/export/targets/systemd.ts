import { comments } from '../comment-lines.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, serverFiles } from './app-files.ts';
import { GRACE_SECONDS, PORT, resourceLines } from './container.ts';

export const systemdTarget = Object.freeze<ExportTarget>({
  name: 'systemd',
  summary: 'a service unit and the program that it starts',
  coverage: APP_COVERAGE,
  next: ({ name }) =>
    `npm install --prefix app, copy app to /opt/${name} and ${name}.service to /etc/systemd/system, then: systemctl enable --now ${name}`,
  render: (input, head) => [
    {
      path: `${input.name}.service`,
      text: `${comments([...head, ...resourceLines(input)], '#')}\n${unit(input)}`,
    },
    ...serverFiles(input, head).map((file) => ({ ...file, path: `app/${file.path}` })),
  ],
});

/** The service's name needs no quoting; the model's own name may hold anything. */
function unit({ name, resources }: ExportInput): string {
  return `[Unit]
Description=Inference of ${name}
After=network.target

[Service]
Type=exec
WorkingDirectory=/opt/${name}
ExecStart=/usr/bin/env node server.mjs
Environment=HOST=127.0.0.1 PORT=${PORT} NODE_ENV=production ORT_DISABLE_TELEMETRY=1
EnvironmentFile=-/etc/${name}.env
Restart=on-failure
RestartSec=2
TimeoutStopSec=${GRACE_SECONDS}
MemoryHigh=${resources.memoryRequestBytes.value}
MemoryMax=${resources.memoryLimitBytes.value}
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`;
}

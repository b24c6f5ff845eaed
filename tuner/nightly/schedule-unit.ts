/** What runs a night every night, as text to be put where it belongs. */
export const SCHEDULERS = ['systemd', 'cron', 'kubernetes'] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

export interface ScheduledNight {
  /** The executable and its arguments before `nightly`, absolute. */
  readonly command: readonly string[];
  readonly planPath: string;
  readonly storeFolder: string;
  /** In which the store and relative paths lie, absolute. */
  readonly workingFolder: string;
}

/** Two in the night, local time: late enough for the day's builds, long before the morning. */
const HOUR = 2;
/** A night that hangs must not meet the next one. */
const MAX_HOURS = 20;

export function scheduleText(scheduler: Scheduler, night: ScheduledNight): string {
  switch (scheduler) {
    case 'systemd':
      return systemdUnits(night);
    case 'cron':
      return cronLine(night);
    case 'kubernetes':
      return cronJob(night);
  }
}

function argumentsOf({ planPath, storeFolder }: ScheduledNight): string[] {
  return ['nightly', planPath, '--store', storeFolder];
}

/** Both units in one text, each under the name of its file. */
function systemdUnits(night: ScheduledNight): string {
  const words = [...night.command, ...argumentsOf(night)].map(systemdWord).join(' ');
  return `# /etc/systemd/system/claw-nightly.service
[Unit]
Description=claw: measure every night

[Service]
Type=oneshot
WorkingDirectory=${systemdPath(night.workingFolder)}
ExecStart=${words}
# 3: inconclusive, no reason for systemd to complain. 1 (regressed) and 2 (invalid) fail the unit.
SuccessExitStatus=3
TimeoutStartSec=${MAX_HOURS}h

# /etc/systemd/system/claw-nightly.timer
[Unit]
Description=claw: measure every night

[Timer]
OnCalendar=*-*-* ${String(HOUR).padStart(2, '0')}:00:00
Persistent=true

[Install]
WantedBy=timers.target

# systemctl enable --now claw-nightly.timer
`;
}

/** Quoted where it has to be; % and $ mean something to systemd (systemd.service(5)). */
function systemdWord(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A path takes the rest of its line as it is, but for specifiers. */
function systemdPath(path: string): string {
  return path.replaceAll('%', '%%');
}

function cronLine(night: ScheduledNight): string {
  const words = [...night.command, ...argumentsOf(night)].map(shellWord).join(' ');
  const log = shellWord(`${night.storeFolder}/nightly.log`);
  const line = `0 ${HOUR} * * * cd ${shellWord(night.workingFolder)} && ${words} >> ${log} 2>&1`;
  // An unescaped % is a line end to cron, quoted or not (crontab(5)).
  return `${line.replaceAll('%', '\\%')}\n`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** JSON strings are YAML too: nothing in a path can break out of one. */
function cronJob(night: ScheduledNight): string {
  const list = argumentsOf(night)
    .map((word) => JSON.stringify(word))
    .join(', ');
  const folder = JSON.stringify(night.workingFolder);
  return `apiVersion: batch/v1
kind: CronJob
metadata:
  name: claw-nightly
spec:
  schedule: "0 ${HOUR} * * *"
  concurrencyPolicy: Forbid          # two nights on one machine would measure each other
  startingDeadlineSeconds: 3600
  failedJobsHistoryLimit: 7
  jobTemplate:
    spec:
      backoffLimit: 0                # a regression is not cured by trying again
      activeDeadlineSeconds: ${MAX_HOURS * 3600}
      template:
        spec:
          restartPolicy: Never
          nodeSelector: {}           # always the same node: add its kubernetes.io/hostname
          containers:
            - name: claw
              image: REGISTRY/claw:TAG   # your image with claw in its path
              command: ["claw"]
              args: [${list}]
              workingDir: ${folder}
              resources:             # equal and whole cores: the static CPU manager pins them
                requests: {cpu: "2", memory: 4Gi}
                limits: {cpu: "2", memory: 4Gi}
              volumeMounts:
                - {name: nights, mountPath: ${folder}}
          volumes:
            - name: nights           # the plan, the models and the store: it must outlive the pod
              persistentVolumeClaim: {claimName: claw-nightly}
`;
}

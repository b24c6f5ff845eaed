import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { changesBetween } from '../../../tuner/nightly/night-changes.ts';
import { junitReport } from '../../../tuner/nightly/junit-report.ts';
import { describeVerdict, summarizeJob } from '../../../tuner/nightly/night-summary.ts';
import { scheduleText, type ScheduledNight } from '../../../tuner/nightly/schedule-unit.ts';
import { nightJob, nightRecord } from './night-records.ts';
import { readStrictXml } from './strict-xml.ts';

describe('one line a job', () => {
  it.each([
    [{ kind: 'ok', note: 'steady', change: -0.012 }, 'ok, -1.2 % to the usual'],
    [{ kind: 'ok', note: 'improved', change: 0.05 }, 'ok, improved: +5 % to the usual'],
    [
      { kind: 'regressed', losses: [{ kind: 'step', bound: null, change: -0.051 }] },
      'REGRESSED: 5.1 % less throughput than in the nights before, confirmed',
    ],
    [
      {
        kind: 'regressed',
        losses: [
          { kind: 'creep', bound: null, change: -0.03 },
          { kind: 'bound', bound: 'p99 < 20 ms', change: null },
        ],
      },
      'REGRESSED: 3 % less throughput over the last week than the release; p99 < 20 ms is broken, confirmed',
    ],
    [
      { kind: 'environment-changed', controlChange: -0.08 },
      'environment changed: the control itself is -8 % off its usual level, so nothing is said',
    ],
    [
      { kind: 'insufficient-history', nights: 1, needed: 10 },
      'insufficient history: 1 night before this one, 10 are needed',
    ],
    [{ kind: 'invalid', reason: 'no model' }, 'INVALID: no model'],
  ] as const)('of %j', (verdict, text) => {
    const job = { metric: 'throughput', verdict: { ...verdict } as never, upgrade: null } as const;
    expect(describeVerdict(job)).toBe(text);
  });

  it.each([
    [null, 'ok, +0 % to the usual; onnxruntime 1.30.0 -> 1.31.0'],
    [
      -0.06,
      "ok, +0 % to the usual; onnxruntime 1.30.0 -> 1.31.0 moved the control by -6 %: compared with the job's own earlier figures",
    ],
  ])('marks an upgrade that moved the control by %j', (controlChange, text) => {
    const upgrade = { changes: ['onnxruntime 1.30.0 -> 1.31.0'], controlChange };
    expect(describeVerdict(nightJob({ upgrade }))).toBe(text);
  });

  it('begins with its name', () => {
    expect(summarizeJob(nightJob())).toBe('detector: ok, +0 % to the usual');
  });
});

describe('what changed between two nights', () => {
  it('names versions, the machine and the model, and nothing that stayed', () => {
    const before = { night: nightRecord(1), job: nightJob() };
    expect(changesBetween(before, before)).toEqual([]);
    const setup = before.job.setup ?? null;
    if (setup === null) throw new Error('a job has a setup');
    const candidate = { ...setup.candidate, modelSha256: 'ffffffffff' };
    const after = {
      night: nightRecord(2, { versions: { ...before.night.versions, onnxruntime: '1.31.0' } }),
      job: nightJob({
        setup: { ...setup, candidate, retuned: true },
        environment: { governor: 'powersave', microcode: '0x1' },
      }),
    };
    expect(changesBetween(before, after)).toEqual([
      'onnxruntime 1.30.0 -> 1.31.0',
      'governor performance -> powersave',
      'model aaaaaaaa -> ffffffff',
      'tuned again',
    ]);
  });

  it('says how far an upgrade moved the control, on its own night alone', () => {
    const changes = ['onnxruntime 1.30.0 -> 1.31.0'];
    const job = nightJob({ upgrade: { changes, controlChange: 0.051 } });
    const before = { night: nightRecord(1), job: nightJob() };
    const versions = { ...before.night.versions, onnxruntime: '1.31.0' };
    const first = { night: nightRecord(2, { versions }), job };
    const second = { night: nightRecord(3, { versions }), job };
    expect(changesBetween(before, first)).toEqual([...changes, 'the control +5.1 % with it']);
    expect(changesBetween(first, second)).toEqual([]);
  });
});

describe('JUnit', () => {
  const HOSTILE = `a "quote" <tag> & \u0000\u001B[31m ]]> \uD800`;
  const jobs = [
    nightJob({ name: 'good' }),
    nightJob({
      name: 'worse',
      verdict: { kind: 'regressed', losses: [{ kind: 'step', bound: null, change: -0.05 }] },
    }),
    nightJob({ name: 'broken', verdict: { kind: 'invalid', reason: HOSTILE } }),
    nightJob({ name: 'young', verdict: { kind: 'insufficient-history', nights: 1, needed: 10 } }),
  ];
  const xml = junitReport(nightRecord(1, { jobs }));

  it('is XML to a strict reader, whatever a message holds', () => {
    const [suite] = readStrictXml(xml).children;
    const cases = suite?.children.map(({ attributes, children }) => [
      attributes['name'],
      children.map((one) => [one.name, one.attributes['message']]),
    ]);
    expect(cases).toEqual([
      ['good', []],
      ['worse', [['failure', expect.stringContaining('5 % less throughput')]]],
      ['broken', [['error', 'INVALID: a "quote" <tag> & [31m ]]> \uFFFD']]],
      ['young', [['skipped', expect.stringContaining('insufficient history')]]],
    ]);
  });

  it('counts', () => {
    expect(xml).toContain('tests="4" failures="1" errors="1" skipped="1"');
  });
});

describe('what starts it every night', () => {
  const night: ScheduledNight = {
    command: ['/usr/bin/node', '/opt/claw/bin/claw.js'],
    planPath: '/plans/it\'s 100% "mine" $HOME/nightly.yaml',
    storeFolder: '/data/.claw',
    workingFolder: '/data',
  };

  it('cron: one line, in which a % is escaped and a quote cannot break out', () => {
    const text = scheduleText('cron', night);
    expect(text.split('\n').length).toBe(2);
    expect(text).toMatch(/^0 2 \* \* \* cd \/data && /);
    // What cron hands to the shell: % unescaped again; then as the shell sees it.
    const command = text.slice('0 2 * * * '.length).trim().replaceAll('\\%', '%');
    const shown = command
      .replace('cd /data && /usr/bin/node', 'printf "%s\\n"')
      .replace(/ >> .*$/, '');
    const words = execFileSync('sh', ['-c', shown]).toString().trim().split('\n');
    expect(words).toEqual([
      '/opt/claw/bin/claw.js',
      'nightly',
      night.planPath,
      '--store',
      '/data/.claw',
    ]);
  });

  it('systemd: a service and a timer, specifiers escaped', () => {
    const text = scheduleText('systemd', night);
    expect(text).toContain(
      String.raw`ExecStart=/usr/bin/node /opt/claw/bin/claw.js nightly "/plans/it's 100%% \"mine\" $$HOME/nightly.yaml" --store /data/.claw`,
    );
    expect(text).toContain('SuccessExitStatus=3');
    expect(text).toContain('OnCalendar=*-*-* 02:00:00');
    // Each line of a unit is a section, a comment, a setting or empty.
    for (const line of text.split('\n')) expect(line).toMatch(/^(\[\w+\]|#.*|[A-Z]\w+=.*|)$/);
  });

  it('kubernetes: a CronJob that never overlaps and is not tried again', () => {
    const text = scheduleText('kubernetes', night);
    expect(parseDocument(text).errors).toEqual([]);
    expect(parse(text)).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        schedule: '0 2 * * *',
        concurrencyPolicy: 'Forbid',
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            template: {
              spec: {
                restartPolicy: 'Never',
                containers: [{ args: ['nightly', night.planPath, '--store', '/data/.claw'] }],
              },
            },
          },
        },
      },
    });
  });
});

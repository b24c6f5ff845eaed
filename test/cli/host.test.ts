import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hostProfileSchema } from '../../hosts/host-profile.ts';
import { hostEnvironmentSchema } from '../../hosts/profile/environment-record.ts';
import { noiseRecordSchema } from '../../suites/comparison/noise-floor.ts';
import { writeNoise } from '../support/kept-noise.ts';
import { canMount, mount } from '../support/mount.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw } from './run-claw.ts';

const documentSchema = z.strictObject({
  schema: z.literal('openclaw.host/1'),
  profile: hostProfileSchema,
  environment: hostEnvironmentSchema,
  recent: z.looseObject({ elapsedMs: z.number().min(490) }),
  capabilities: z.array(z.strictObject({ topic: z.string(), answer: z.unknown() })).min(5),
  sensors: z.array(
    z.strictObject({ id: z.string(), kind: z.string(), scope: z.string(), quality: z.string() }),
  ),
  missingSensors: z.array(z.strictObject({ kind: z.string(), reason: z.string().min(1) })),
  advice: z.array(
    z.strictObject({
      topic: z.string(),
      severity: z.enum(['note', 'warn']),
      text: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
  noise: noiseRecordSchema.nullable(),
});

describe('claw host', () => {
  test('describes this machine within 80 columns', async () => {
    const { exitCode, stdout, stderr } = await claw(temporaryFolder(), 'host');
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^this machine\n {2}processor {5}\S/);
    expect(stdout).toMatch(/\n {2}key {11}[0-9a-f]{16} /);
    expect(stdout).toContain('\nits state now\n');
    expect(stdout).toContain('\nwhat it can measure\n');
    // A command to copy is not broken, and alone may be longer.
    const long = stdout.split('\n').filter((line) => line.length > 80);
    expect(long.filter((line) => line.trim().includes(' '))).toEqual([]);
  });

  test('prints one JSON document', async () => {
    const { exitCode, stdout, stderr } = await claw(temporaryFolder(), 'host', '--json');
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const parsed = documentSchema.parse(JSON.parse(stdout));
    expect(parsed.profile.usableCores).toBeGreaterThanOrEqual(1);
  });

  test('shows the noise that was measured before, of this store', async () => {
    const folder = temporaryFolder();
    const noise = writeNoise(folder);
    const { stdout } = await claw(folder, 'host', '--json');
    expect(documentSchema.parse(JSON.parse(stdout)).noise).toEqual(noise);
    const elsewhere = await claw(folder, 'host', '--store', 'other');
    expect(elsewhere.stdout).toMatch(/not measured {2}claw host --noise measures it/);
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  test.skipIf(!canMount())('does not measure noise that cannot be kept', async () => {
    const folder = temporaryFolder();
    mount(folder, 'size=1m,ro');
    const { exitCode, stdout, stderr } = await claw(tmpdir(), 'host', '--noise', '--store', folder);
    expect(stderr).toMatch(/^claw: cannot write .*read-only/);
    expect(stderr).not.toContain('measuring');
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });

  test('says why a meter does not answer', async () => {
    // Port 9 is refused by fetch itself: nothing leaves this machine.
    const meter = 'shelly://127.0.0.1:9';
    const { exitCode, stdout } = await claw(temporaryFolder(), 'host', '--meter', meter, '--json');
    expect(exitCode).toBe(0);
    const { missingSensors } = documentSchema.parse(JSON.parse(stdout));
    expect(missingSensors.find(({ kind }) => kind === 'shelly')?.reason).toContain('127.0.0.1:9');
  });

  test.each([
    [['--jsn'], /unknown option '--jsn'[^]*--json/],
    [['--meter', 'plug'], /power meter "plug" cannot be used[^]*shelly:\/\/HOST/],
    [['there'], /too many arguments/],
  ])('%j is answered with one message', async (args, message) => {
    const { exitCode, stdout, stderr } = await claw(temporaryFolder(), 'host', ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('has help with an example', async () => {
    const { exitCode, stdout } = await claw(temporaryFolder(), 'host', '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: claw host[^]*Examples:\n {2}claw host\n/);
  });
});

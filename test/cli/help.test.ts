import { describe, expect, test } from 'vitest';
import { SCENARIO_NAMES } from '../../suites/scenarios/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw } from './run-claw.ts';

describe('help', () => {
  test.each([
    [[]],
    [['tune']],
    [['bench']],
    [['optimize']],
    [['host']],
    [['report']],
    [['replay']],
    [['suites']],
    [['export']],
    [['compare']],
    [['pack']],
    [['unpack']],
    [['nightly']],
  ])('of %j has an example and says what it does', async (command) => {
    const { exitCode, stdout, stderr } = await claw(temporaryFolder(), ...command, '--help');
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: claw/);
    expect(stdout).toMatch(/Examples?:\n {2}claw /);
    expect(stdout).toMatch(new RegExp(`claw ${command.join(' ')}`));
  });

  test('of bench names every scenario, and of host the noise', async () => {
    const bench = await claw(temporaryFolder(), 'bench', '--help');
    // Lines are broken at 80 columns, wherever that is.
    const words = bench.stdout.replaceAll(/\s+/g, ' ');
    for (const name of SCENARIO_NAMES) expect(words).toContain(name);
    for (const option of ['--set', '--against', '--rate', '--slo', '--meter']) {
      expect(words).toContain(` ${option} <`);
    }
    expect((await claw(temporaryFolder(), 'host', '--help')).stdout).toContain('  --noise ');
  });

  test('the version is that of the package', async () => {
    const { stdout } = await claw(temporaryFolder(), '--version');
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('without a command the help is shown', async () => {
    const { exitCode, stderr, stdout } = await claw(temporaryFolder());
    expect(`${stdout}${stderr}`).toMatch(/Usage: claw/);
    expect(exitCode).toBe(2);
  });
});

describe('suites', () => {
  test('are listed, also as JSON', async () => {
    const text = await claw(temporaryFolder(), 'suites');
    expect(text.stdout).toMatch(/^inspection {2}/);
    const json = await claw(temporaryFolder(), 'suites', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([{ name: 'inspection', defaultSlo: 'p99<66ms' }]);
  });
});

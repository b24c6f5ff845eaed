import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw } from './run-claw.ts';

describe('help', () => {
  test.each([[[]], [['tune']], [['bench']], [['report']], [['suites']]])(
    'of %j has an example and says what it does',
    async (command) => {
      const { exitCode, stdout, stderr } = await claw(temporaryFolder(), ...command, '--help');
      expect(exitCode).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^Usage: claw/);
      expect(stdout).toMatch(/Examples?:\n {2}claw /);
      expect(stdout).toMatch(new RegExp(`claw ${command.join(' ')}`));
    },
  );

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

import type { Command } from 'commander';
import { examples, JSON_OUTPUT, METER, STORE } from '../command-options.ts';

export function addHost(program: Command, exit: (code: number) => void): void {
  program
    .command('host')
    .summary('describe this machine and what it can measure')
    .description(
      'Says what this machine is, what it can measure, what it is doing now, and what to change ' +
        'before its figures are trusted.',
    )
    .option(...METER)
    .option(
      '--noise',
      'measure what this machine cannot tell apart: 20 s of the same against itself',
    )
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw host',
        'claw host --noise',
        'claw host --json',
        'claw host --meter tasmota://plug.local',
      ),
    )
    .action(async (options: unknown) => {
      const { host } = await import('../commands/host.ts');
      exit(await host(options));
    });
}

import type { Command } from 'commander';
import { examples, JSON_OUTPUT } from '../command-options.ts';

export function addSuites(program: Command, exit: (code: number) => void): void {
  program
    .command('suites')
    .summary('list the built-in suites')
    .description('Lists the built-in suites: a model, data with labels, and a default bound each.')
    .option(...JSON_OUTPUT)
    .addHelpText(...examples('claw suites'))
    .action(async (options: unknown) => {
      const { suites } = await import('../commands/suites.ts');
      exit(suites(options));
    });
}

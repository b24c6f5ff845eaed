import type { Command } from 'commander';
import { examples, JSON_OUTPUT, STORE } from '../command-options.ts';

export function addReport(program: Command, exit: (code: number) => void): void {
  program
    .command('report')
    .summary("write a run's report again")
    .description("Writes the HTML report of a run again, from the store's records.")
    .argument('[run]', "a run's name, or 'latest'", 'latest')
    .option('-o, --output <file>', "where to write it (default: report.html in the run's folder)")
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(...examples('claw report latest -o report.html'))
    .action(async (run: string, options: unknown) => {
      const { report } = await import('../commands/report.ts');
      exit(await report(run, options));
    });
}

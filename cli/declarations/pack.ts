import type { Command } from 'commander';
import { examples, JSON_OUTPUT, STORE } from '../command-options.ts';

export function addPack(program: Command, exit: (code: number) => void): void {
  program
    .command('pack')
    .summary('put runs into one file, for another machine')
    .description(
      'Writes one file with the records of runs and benches, their raw samples, the host, the ' +
        'versions and the hashes of the models. The models themselves are not in it.',
    )
    .argument('[run...]', "runs' or benches' names, or 'latest' (default: latest)")
    .option('-o, --output <file>', 'where to write it (default: RUN.claw)')
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(...examples('claw pack latest -o edge.claw', 'claw pack RUN BENCH1 BENCH2'))
    .action(async (runs: string[], options: unknown) => {
      const { pack } = await import('../commands/pack.ts');
      exit(await pack(runs, options));
    });
}

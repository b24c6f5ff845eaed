import type { Command } from 'commander';
import { examples, JSON_OUTPUT, STORE } from '../command-options.ts';

export function addUnpack(program: Command, exit: (code: number) => void): void {
  program
    .command('unpack')
    .summary('check a file of claw pack and add its runs to the store')
    .description(
      'Checks every hash and record of a bundle, then adds its runs and benches to the store. ' +
        'What is there already is left as it is; the same name with other content is refused.',
    )
    .argument('<file>', 'what claw pack wrote')
    .option('--check', 'check it only; the store is left alone')
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(...examples('claw unpack edge.claw', 'claw unpack edge.claw --check'))
    .action(async (file: string, options: unknown) => {
      const { unpack } = await import('../commands/unpack.ts');
      exit(await unpack(file, options));
    });
}

import { type Command, Option } from 'commander';
import { examples, JSON_OUTPUT, METER, STORE } from '../command-options.ts';

export function addNightly(program: Command, exit: (code: number) => void): void {
  program
    .command('nightly')
    .summary('measure the jobs of a plan against a pinned control, and say what got worse')
    .description(
      'Measures each job of a plan in turns with a control that nobody changes, compares tonight ' +
        'with the nights before and with the release, measures again what looks worse, and ' +
        'writes nightly/index.html in the store. Exits with 0 ok, 1 regressed, 2 invalid, ' +
        '3 inconclusive; of several jobs the worst decides, in the order 1, 2, 3, 0.',
    )
    .argument('[plan]', 'a YAML file, such as --init writes', 'nightly.yaml')
    .option('--init', 'write a commented example to the path of the plan, and stop')
    .addOption(
      new Option('--print <scheduler>', 'print what starts it every night, and stop').choices([
        'systemd',
        'cron',
        'kubernetes',
      ]),
    )
    .option('--junit <file>', 'also write the verdicts as JUnit XML')
    .option(...METER)
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw nightly --init && claw nightly',
        'claw nightly plan.yaml --junit nightly.xml',
        'claw nightly plan.yaml --print systemd',
      ),
    )
    .action(async (plan: string, options: unknown) => {
      const { nightly } = await import('../commands/nightly.ts');
      exit(await nightly(plan, options));
    });
}

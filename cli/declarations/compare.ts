import type { Command } from 'commander';
import { collect, examples, JSON_OUTPUT, LATENCY_BOUND, STORE } from '../command-options.ts';

export function addCompare(program: Command, exit: (code: number) => void): void {
  program
    .command('compare')
    .summary('compare hosts at one bound: throughput, energy, cost')
    .description(
      'Compares hosts by their runs: each at its best configuration under the same bound. Says ' +
        'how sure the order is, what it costs with --prices, and what would change the answer. ' +
        'A run is RUN, STORE#RUN, or a file of claw pack. Every run or bench is one session of ' +
        'its host; units can be told apart from 5 sessions each on (claw bench --config ' +
        'tuned.json adds one).',
    )
    .argument('<run...>', 'runs or benches of two or more hosts')
    .option('--prices <file.yaml>', 'what the hosts cost (see below)')
    .option(...LATENCY_BOUND)
    .option('--max-memory <size>', 'bound on the memory of all engine processes, such as 512MiB')
    .option('--min-accuracy <share>', 'floor for the accuracy on labels, such as 0.95')
    .option('--max-power <watts>', 'bound on the mean power under load, such as 15W')
    .option(
      '--allow <what>',
      'compare although this differs: model, data, runtime, scenario, sensors; or unfinished runs, ' +
        'or mostly invalid trials (unfinished, invalid); repeat',
      collect,
    )
    .option('-o, --output <file>', 'the page', 'compare.html')
    .option('--markdown <file>', 'also write the tables as Markdown')
    .option('--csv <file>', 'also write one line a host')
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw compare RUN-ON-A RUN-ON-B',
        "claw compare a.claw b.claw ../lab/.claw#latest --slo 'p99<20ms' --prices hosts.yaml",
        '',
        'hosts.yaml, by the name or the key of each host:',
        '  defaults: { currency: EUR, lifeYears: 3, pricePerKwh: 0.30, utilisation: 0.6 }',
        '  hosts:',
        '    edge-1: { capex: 900 }',
        '    server-2: { capex: 6500, lifeYears: 5 }',
      ),
    )
    .action(async (runs: string[], options: unknown) => {
      const { compare } = await import('../commands/compare.ts');
      exit(await compare(runs, options));
    });
}

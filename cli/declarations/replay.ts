import type { Command } from 'commander';
import { examples, JSON_OUTPUT, LATENCY_BOUND, SEARCHER } from '../command-options.ts';

export function addReplay(program: Command, exit: (code: number) => void): void {
  program
    .command('replay')
    .summary('try a searcher on recorded measurements')
    .description(
      'Runs a searcher against tables of recorded trials, where the best arm is known, and says ' +
        'how far from it the arms are that it would have shipped. Nothing is measured.',
    )
    .argument('<table...>', 'files of recorded trials, one JSON object a line')
    .option(...SEARCHER)
    .option('--trials <number>', 'evaluations of each search (default: 20)')
    .option('--budget <seconds>', 'recorded time of each search, instead of a number')
    .option('--seeds <number>', 'searches of each table', '20')
    .option('--noise <share>', 'standard deviation of what is multiplied to the figures', '0.03')
    .option(...LATENCY_BOUND)
    .option('--max-memory <size>', 'bound on the memory, such as 64MiB')
    .option('--prior <table...>', 'tables of other hosts, to start from')
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw replay kws.jsonl',
        'claw replay kws.jsonl yolo.jsonl --searcher hill-climb --trials 30',
        'claw replay kws.jsonl --slo "p99<1ms" --prior yolo.jsonl bert4.jsonl',
      ),
    )
    .action(async (tables: string[], options: unknown) => {
      const { replay } = await import('../commands/replay.ts');
      exit(await replay(tables, options));
    });
}

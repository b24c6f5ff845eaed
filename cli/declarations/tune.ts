import { type Command, Option } from 'commander';
import {
  addWorkloadOptions,
  collect,
  examples,
  givenNames,
  JSON_OUTPUT,
  LATENCY_BOUND,
  METER,
  SEARCHER,
  STORE,
} from '../command-options.ts';

export function addTune(program: Command, exit: (code: number) => void): void {
  addWorkloadOptions(program.command('tune'))
    .summary('find the fastest configuration that meets the constraints')
    .description(
      'Searches graph level, replicas x threads, spinning, batch size and memory options for ' +
        'the highest throughput that meets the constraints, then measures the winner against ' +
        'the default in interleaved pairs. With --slo both are then driven with single requests ' +
        'at rising rates, through the batcher: about 16 more trials, each long enough to prove ' +
        'the percentile; what does not fit the budget is added to it. Writes report.html and ' +
        'tuned.json.',
    )
    .argument('[target]', "a suite's name or the path of an .onnx file (default: inspection)")
    .option(...LATENCY_BOUND)
    .option('--max-memory <size>', 'bound on the memory of all engine processes, such as 512MiB')
    .option('--min-accuracy <share>', 'floor for the accuracy on labels, such as 0.95')
    .option('--max-power <watts>', 'bound on the mean power under load, such as 15W')
    .option('--objective <name>', 'qps, latency (p99), energy, cost or pareto', 'qps')
    .option('--pick <name>', 'pareto: what ships: knee, throughput, memory or energy')
    .option('--price-kwh <price>', 'cost: of a kilowatt-hour')
    .option('--capex <price>', 'cost: of the machine')
    .option('--life <years>', 'cost: of the machine (default: 3y)')
    .option('--set <knob=value>', 'fix a knob; repeat for more', collect)
    .option('--only <knob=values>', 'try these values alone, apart by commas; repeat', collect)
    .option('--space <file.yaml>', 'knobs with their values, and what to leave out')
    .option(...SEARCHER)
    .option(...METER)
    .option('--budget <time>', 'time for search and verification', '3m')
    .addOption(
      new Option('--trials <number>', 'number of search trials, instead of a time').argParser(
        String,
      ),
    )
    .option('--duration <time>', 'how long each search trial measures', '1s')
    .option('--record <file>', 'also write the trials as a table for claw replay')
    .option('--explain', 'say in words why the winner won')
    .option('--resume [run]', 'go on with a stopped run (default: the latest)')
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw tune                                        the built-in inspection suite',
        'claw tune model.onnx --slo "p99<20ms" --budget 5m',
        'claw tune bert.onnx --dim seq=128 --max-memory 1GiB',
        'claw tune bert.onnx --set precision=int8-dynamic --only batch.maxSize=1,2,4',
        'claw tune model.onnx --objective cost --capex 4000 --price-kwh 0.30',
        'claw tune --resume=latest',
      ),
    )
    .action(async (target: string | undefined, options: unknown, command: Command) => {
      const { tune } = await import('../commands/tune.ts');
      exit(await tune(target, options, givenNames(command)));
    });
}

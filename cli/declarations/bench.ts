import type { Command } from 'commander';
import {
  addWorkloadOptions,
  collect,
  examples,
  givenNames,
  JSON_OUTPUT,
  METER,
  STORE,
} from '../command-options.ts';

export function addBench(program: Command, exit: (code: number) => void): void {
  addWorkloadOptions(program.command('bench'))
    .summary('measure one configuration, or compare two')
    .description(
      'Measures one configuration in a fresh process and says how sure the figures are and what ' +
        'spoils them. With --against: compares two, interleaved in blocks, with a verdict.',
    )
    .argument(
      '[target]',
      "a suite's name or an .onnx path (default: what the tuned.json was tuned for)",
    )
    .option('--config <file>', 'a tuned.json, a JSON file of knobs, or "default"')
    .option('--set <knob=value>', 'change a knob of the default; repeat for more', collect)
    .option('--against <file>', 'compare with this one: a tuned.json, knobs, or "default"')
    .option(
      '--scenario <name>',
      'closed-loop, single-stream, multi-stream, server or offline',
      'closed-loop',
    )
    .option('--rate <qps>', 'server: mean arrivals per second')
    .option('--slo <bound>', 'server: such as "p99<20ms"; without --rate, finds the highest rate')
    .option('--duration <time>', 'how long to measure (default: 10s; 1s a trial with --against)')
    .option(...METER)
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw bench inspection',
        'claw bench model.onnx --set replicas=2 --set intraOpThreads=1 --against default',
        'claw bench model.onnx --scenario server --slo "p99<20ms"',
        'claw bench --config .claw/runs/RUN/tuned.json',
      ),
    )
    .action(async (target: string | undefined, options: unknown, command: Command) => {
      const { bench } = await import('../commands/bench.ts');
      exit(await bench(target, options, givenNames(command)));
    });
}

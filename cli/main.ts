import { Command, CommanderError, Option } from 'commander';
import { codeOf } from '../engine/base/errors.ts';
import { packageVersion } from '../engine/base/package-info.ts';
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
} from './command-options.ts';
import { showFailure } from './failure.ts';

const EXIT_USAGE = 2;

/**
 * Runs one command and returns the exit code: 0, 1 failed, 2 usage, 4 nothing
 * meets the constraints, 130 interrupted. Commands load when they are called,
 * so that `--help` is quick.
 */
export async function main(argv: readonly string[]): Promise<number> {
  // `claw report | head` closes the pipe early: that is no failure of ours.
  process.stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
  });
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
    return showFailure(thrown, { json: argv.includes('--json') });
  }
  return exitCode;
}

function createProgram(exit: (code: number) => void): Command {
  const program = new Command('claw')
    .description('Finds the fastest way to run an ONNX model on this machine, and proves it.')
    .version(packageVersion())
    .showHelpAfterError("see 'claw --help'")
    .exitOverride()
    .addHelpText(...examples('claw tune', 'claw tune model.onnx --slo "p99<20ms"'));
  addTune(program, exit);
  addBench(program, exit);
  addOptimize(program, exit);
  addHost(program, exit);
  addReport(program, exit);
  addReplay(program, exit);
  addSuites(program, exit);
  return program;
}

function addTune(program: Command, exit: (code: number) => void): void {
  addWorkloadOptions(program.command('tune'))
    .summary('find the fastest configuration that meets the constraints')
    .description(
      'Searches graph level, replicas x threads, spinning, batch size and memory options for ' +
        'the highest throughput that meets the constraints, then measures the winner against ' +
        'the default in interleaved pairs. Writes report.html and tuned.json.',
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
      const { tune } = await import('./commands/tune.ts');
      exit(await tune(target, options, givenNames(command)));
    });
}

function addBench(program: Command, exit: (code: number) => void): void {
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
      const { bench } = await import('./commands/bench.ts');
      exit(await bench(target, options, givenNames(command)));
    });
}

function addOptimize(program: Command, exit: (code: number) => void): void {
  addWorkloadOptions(program.command('optimize'))
    .summary('rewrite or quantize a model, and prove what it costs')
    .description(
      'Rewrites the graph of a model, compares the result with the original in the runtime, ' +
        'and writes it only if they agree. Shows what each pass did, and times both. With ' +
        '--precision: quantizes it, holds it to the floors that are given, and reports size, ' +
        'quality and speed.',
    )
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <file>', 'where the rewritten model goes')
    .option('--passes <list>', 'none, clean or all, and +PASS or -PASS, by commas', 'clean')
    .option('--provider <name>', 'execution provider that it is for', 'cpu')
    .option('--precision <name>', 'fp32, fp16, int8-static, int8-dynamic or int4-weights', 'fp32')
    .option('--calibration <method>', 'auto, min-max, percentile, entropy or mse', 'auto')
    .option('--block-size <number>', 'int4-weights: weights that share a scale', '32')
    .option('--min-accuracy <share>', 'floor for the accuracy on labels (__labels in the data)')
    .option('--min-agreement <share>', 'floor for the share of equal top-1 answers')
    .option('--min-cosine <number>', 'floor for the cosine to the fp32 outputs')
    .option('--min-sqnr <dB>', 'floor for the signal-to-quantization-noise ratio')
    .option('--no-bench', 'do not time it against the original')
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw optimize model.onnx -o model.clean.onnx',
        'claw optimize bert.onnx -o bert.all.onnx --passes all --dim seq=128',
        'claw optimize net.onnx -o net.int8.onnx --precision int8-static --data images.npz --min-agreement 0.99',
      ),
    )
    .action(async (model: string, options: unknown, command: Command) => {
      const { optimize } = await import('./commands/optimize.ts');
      exit(await optimize(model, options, givenNames(command)));
    });
}

function addHost(program: Command, exit: (code: number) => void): void {
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
      const { host } = await import('./commands/host.ts');
      exit(await host(options));
    });
}

function addReport(program: Command, exit: (code: number) => void): void {
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
      const { report } = await import('./commands/report.ts');
      exit(await report(run, options));
    });
}

function addReplay(program: Command, exit: (code: number) => void): void {
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
      const { replay } = await import('./commands/replay.ts');
      exit(await replay(tables, options));
    });
}

function addSuites(program: Command, exit: (code: number) => void): void {
  program
    .command('suites')
    .summary('list the built-in suites')
    .description('Lists the built-in suites: a model, data with labels, and a default bound each.')
    .option(...JSON_OUTPUT)
    .addHelpText(...examples('claw suites'))
    .action(async (options: unknown) => {
      const { suites } = await import('./commands/suites.ts');
      exit(suites(options));
    });
}

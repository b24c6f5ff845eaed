import type { Command } from 'commander';
import { addWorkloadOptions, examples, givenNames, JSON_OUTPUT } from '../command-options.ts';

export function addOptimize(program: Command, exit: (code: number) => void): void {
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
      const { optimize } = await import('../commands/optimize.ts');
      exit(await optimize(model, options, givenNames(command)));
    });
}

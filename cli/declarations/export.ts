import type { Command } from 'commander';
import { collect, examples, JSON_OUTPUT, STORE } from '../command-options.ts';
import { TARGET_NAMES } from '../export-targets.ts';

export function addExport(program: Command, exit: (code: number) => void): void {
  program
    .command('export')
    .summary('write what ships for the place where it runs')
    .description(
      "Writes a run's result for other programs, each target to a folder of its name. What a " +
        'target cannot express is a warning, here and in the files.',
    )
    .argument('<result>', "a run's name, 'latest', or the path of a tuned.json")
    .option('--to <target>', `${TARGET_NAMES}; repeat for more`, collect)
    .option('-o, --output <folder>', 'where to write', 'export')
    .option('--name <name>', "of services and files (default: the model's name)")
    .option('--image <name>', 'of the container (default: NAME:DIGEST)')
    .option('--mlflow-url <address>', 'mlflow: the tracking server to send the run to')
    .option('--mlflow-experiment <name>', "mlflow: the experiment's name", 'openclaw')
    .option('--force', 'replace files that no export wrote')
    .option(...STORE)
    .option(...JSON_OUTPUT)
    .addHelpText(
      ...examples(
        'claw export latest --to node -o deploy',
        'claw export latest --to kubernetes --to triton --image registry.local/resnet:1',
        'claw export .claw/runs/RUN/tuned.json --to ort-python',
      ),
    )
    .action(async (result: string, options: unknown) => {
      const { exportResult } = await import('../commands/export.ts');
      exit(await exportResult(result, options));
    });
}

import { Command, CommanderError } from 'commander';
import { codeOf } from '../engine/base/errors.ts';
import { packageVersion } from '../engine/base/package-info.ts';
import { examples } from './command-options.ts';
import { addBench } from './declarations/bench.ts';
import { addCompare } from './declarations/compare.ts';
import { addExport } from './declarations/export.ts';
import { addHost } from './declarations/host.ts';
import { addNightly } from './declarations/nightly.ts';
import { addOptimize } from './declarations/optimize.ts';
import { addPack } from './declarations/pack.ts';
import { addReplay } from './declarations/replay.ts';
import { addReport } from './declarations/report.ts';
import { addSuites } from './declarations/suites.ts';
import { addTune } from './declarations/tune.ts';
import { addUnpack } from './declarations/unpack.ts';
import { EXIT } from './exit-codes.ts';
import { showFailure } from './failure.ts';

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
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT.usage;
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
  addExport(program, exit);
  addCompare(program, exit);
  addPack(program, exit);
  addUnpack(program, exit);
  addNightly(program, exit);
  addReplay(program, exit);
  addSuites(program, exit);
  return program;
}

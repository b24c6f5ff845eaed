'use strict';

// Loaded by claw.js on a Node that is new enough: import() and newer syntax
// live here, out of sight of an old parser.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

/** @typedef {{ main(argv: readonly string[]): Promise<number> }} Cli */

/**
 * Loads the CLI and runs it in this process; sets the process' exit code.
 *
 * @param {string} packageRoot
 * @param {readonly string[]} argv
 * @param {boolean} launched another process started this one and holds a channel to it
 */
module.exports = async function runCli(packageRoot, argv, launched) {
  if (launched) endWithLauncher();
  const cli = await loadCli(packageRoot);
  process.exitCode = cli === undefined ? 1 : await cli.main(argv);
};

/**
 * @param {string} packageRoot
 * @returns {Promise<Cli | undefined>}
 */
async function loadCli(packageRoot) {
  const entry = findEntry(packageRoot);
  if (entry === undefined) {
    complain(`${packageRoot} has neither cli/main.ts nor dist/cli/main.js; install it again`);
    return undefined;
  }
  try {
    return /** @type {Cli} */ (await import(pathToFileURL(entry).href));
  } catch (thrown) {
    complain(explainImport(entry, thrown));
    return undefined;
  }
}

/**
 * A source checkout runs its TypeScript; the published package has only `dist/`.
 *
 * @param {string} packageRoot
 */
function findEntry(packageRoot) {
  const candidates = ['cli/main.ts', 'dist/cli/main.js'];
  return candidates
    .map((candidate) => path.join(packageRoot, candidate))
    .find((candidate) => fs.existsSync(candidate));
}

/**
 * @param {string} entry
 * @param {unknown} thrown
 */
function explainImport(entry, thrown) {
  if (!(thrown instanceof Error)) return `${entry} does not load: ${String(thrown)}`;
  if ('code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND') {
    return `${thrown.message}; run 'npm ci' in a source checkout, install it again elsewhere`;
  }
  // A fault in the program: the stack names the file and the line.
  return `${entry} does not load: ${thrown.stack}`;
}

/** @param {string} message */
function complain(message) {
  process.stderr.write(`claw: cannot start: ${message}\n`);
}

/** The channel closes when the launcher dies, even by SIGKILL: nobody is left to answer to. */
function endWithLauncher() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Listening alone would keep this process alive after its work is done.
  process.channel?.unref();
}

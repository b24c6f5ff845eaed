#!/usr/bin/env node
'use strict';

// This file must parse and run on any Node, down to 8, so that an old one can
// say what is wrong instead of failing on syntax. Hence CommonJS (see the
// package.json beside it), no import(), no ?., no catch without a name.

const childProcess = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const NEEDED_MAJOR = 24;
/** Set for a child that this launcher started: it must not start another one. */
const LAUNCHED = 'CLAW_LAUNCHED';
const PACKAGE_ROOT = path.dirname(__dirname);

// The runtime reads these when its library loads, so they are settled first:
// no telemetry leaves the machine, and nothing outside overrides a session's
// measured options.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
delete process.env['ORT_LOAD_CONFIG_FROM_MODEL'];
delete process.env['ORT_INTRA_OP_NUM_THREADS'];

const launched = process.env[LAUNCHED] !== undefined;
delete process.env[LAUNCHED];

if (majorOf(process.version) >= NEEDED_MAJOR) {
  void require('./run-cli.js')(PACKAGE_ROOT, process.argv.slice(2), launched);
} else {
  const local = findLocalNode();
  if (local.executable === undefined || launched) {
    complain(local.tooOld);
  } else {
    runWith(local.executable);
  }
}

/** @param {string} version */
function majorOf(version) {
  return parseInt(version.replace(/^v/, ''), 10) || 0;
}

/**
 * The npm package `node` carries the Node of its own version; the nearest one
 * from the package's root upwards wins, those that are too old are named.
 */
function findLocalNode() {
  /** @type {string[]} */
  const tooOld = [];
  for (let folder = PACKAGE_ROOT; ; folder = path.dirname(folder)) {
    const home = path.join(folder, 'node_modules', 'node');
    const executable = path.join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (fs.existsSync(executable)) {
      const version = versionOf(home);
      if (majorOf(version) >= NEEDED_MAJOR) return { executable, tooOld };
      tooOld.push(version + ' (' + executable + ')');
    }
    if (folder === path.dirname(folder)) return { executable: undefined, tooOld };
  }
}

/** @param {string} home */
function versionOf(home) {
  try {
    const text = fs.readFileSync(path.join(home, 'package.json'), 'utf8');
    return /** @type {{ version: string }} */ (JSON.parse(text)).version;
  } catch (_error) {
    return 'one of unknown version';
  }
}

/** @param {string[]} tooOld */
function complain(tooOld) {
  const found = [process.version.replace(/^v/, '') + ' (' + process.execPath + ')'].concat(tooOld);
  process.stderr.write(
    'claw: Node >= ' +
      NEEDED_MAJOR +
      ' is needed, found ' +
      found.join(' and ') +
      "; get it with 'npm install node@" +
      NEEDED_MAJOR +
      "', or from https://nodejs.org\n",
  );
  process.exitCode = 2;
}

/**
 * Starts over with another Node and becomes its shadow. The child leads a
 * session of its own, so that Ctrl-C on a terminal, which reaches this whole
 * process group, arrives at the child once: through here, like a signal sent
 * to this process alone. The channel tells the child when this process is gone
 * for good (SIGKILL), the one end that cannot be forwarded.
 *
 * @param {string} executable
 */
function runWith(executable) {
  const env = Object.assign({}, process.env);
  env[LAUNCHED] = '1';
  const child = childProcess.spawn(executable, [__filename].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
    detached: process.platform !== 'win32',
  });
  child.on('error', (error) => {
    process.stderr.write('claw: cannot start ' + executable + ': ' + error.message + '\n');
    process.exitCode = 1;
  });
  if (process.platform !== 'win32') forwardSignals(child);
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + os.constants.signals[signal]);
  });
}

/** @param {import('child_process').ChildProcess} child */
function forwardSignals(child) {
  /** @type {NodeJS.Signals[]} */
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'];
  forwarded.forEach((name) => {
    process.on(name, () => child.kill(name));
  });
  const pid = child.pid;
  if (pid === undefined) return;
  // Ctrl-Z and fg: a session without a terminal ignores SIGTSTP, and what the
  // child has started must stop and go on with it.
  process.on('SIGTSTP', () => {
    process.kill(-pid, 'SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => process.kill(-pid, 'SIGCONT'));
}

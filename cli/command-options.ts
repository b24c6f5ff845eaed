import type { Command } from 'commander';
import { DEFAULT_STORE } from './store-folder.ts';

/** Options that several commands declare alike, for `option(...X)`. */

export const STORE = ['--store <folder>', 'where results live', DEFAULT_STORE] as const;

export const JSON_OUTPUT = [
  '--json',
  'print one JSON document on stdout, all else on stderr',
] as const;

/** Named without loading the searchers: help must be quick. */
export const SEARCHER = [
  '--searcher <name>',
  'random, grid, hill-climb, halving or bandit',
  'bandit',
] as const;

export const METER = [
  '--meter <address>',
  'a power meter, shelly://HOST or tasmota://HOST; repeat',
  collect,
] as const;

export const LATENCY_BOUND = [
  '--slo <bound>',
  'latency bound such as "p99<50ms"; repeat for more',
  collect,
] as const;

export function addWorkloadOptions(command: Command): Command {
  return command
    .option('--data <file.npz>', 'inputs by name, and optionally __labels (default: seeded random)')
    .option('--dim <name=size>', 'size of a symbolic dimension; repeat for more', collect)
    .option('--seed <number>', 'seed of everything that is random', '1');
}

/** What the help of a command ends with, for `addHelpText(...X)`. */
export function examples(...lines: readonly string[]): readonly ['after', string] {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return ['after', [`\n${title}:`, ...lines.map((line) => `  ${line}`)].join('\n')];
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, all: readonly string[] | undefined): string[] {
  return [...(all ?? []), value];
}

/** Options that were typed, as opposed to defaulted. */
export function givenNames(command: Command): ReadonlySet<string> {
  return new Set(
    Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli'),
  );
}

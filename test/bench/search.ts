import { parseArgs } from 'node:util';
import { SEARCHERS } from '../../tuner/search/registry.ts';
import { report } from './aim.ts';
import { constrainedRuns } from './programs/search-constraints.ts';
import { priorRuns } from './programs/search-priors.ts';
import { realSearch } from './programs/search-real.ts';
import { readTables, reportRegret, searchTable } from './programs/search-runs.ts';
import { decisionTimes, equalArms, largeHosts, smallHosts } from './programs/search-synthetic.ts';

// How few measurements the searchers need: `npm run bench:search -- FOLDER` on the
// recorded tables of a folder; without one on synthetic hosts alone; with `--real TARGET`
// on this machine, against every arm of a space (`--record FILE` keeps those as a table).
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { real: { type: 'string' }, record: { type: 'string' } },
});
const [folder] = positionals;

if (values.real === undefined) {
  if (folder === undefined) {
    console.log('no folder of recorded tables was given: synthetic hosts alone');
  } else {
    await recordedTables(folder);
  }
  await syntheticHosts();
} else {
  await realSearch({ target: values.real, record: values.record });
}

async function recordedTables(path: string): Promise<void> {
  const tables = await readTables(path);
  if (tables.length === 0) throw new Error(`${path} has no tables (.jsonl)`);
  for (const table of tables) {
    for (const [trials, median, p90] of [
      [12, Infinity, Infinity],
      [20, 1.5, 5],
      [30, 1, 3],
    ] as const) {
      const result = await searchTable(table, { trials });
      reportRegret(`${table.name}, ${trials} evaluations`, result, { median, p90 });
    }
    for (const { name } of SEARCHERS.filter((one) => one.name !== 'bandit')) {
      const { medianRegret, p90Regret } = await searchTable(table, { trials: 20, searcher: name });
      const text = `${(100 * medianRegret).toFixed(1)} / ${(100 * p90Regret).toFixed(1)} %`;
      console.log(`  beside it ${name}, 20 evaluations: ${text}`);
    }
  }
  for (const table of tables) await constrainedRuns(table);
  for (const table of tables) await priorRuns(table, tables);
}

async function syntheticHosts(): Promise<void> {
  await smallHosts();
  await largeHosts();
  const shipped = await equalArms();
  report('every arm equals the default: 100 replays that ship another', {
    value: shipped,
    unit: '',
    aim: 'at most 5',
    met: shipped <= 5,
  });
  await decisionTimes();
}

import type { HostComparison, HostResult } from '../../tuner/compare/comparison.ts';
import { KNOBS } from '../knobs.ts';

type Value = string | number | null;

/** One line a host with plain numbers, RFC 4180; what is not known is empty. */
export function comparisonCsv({ hosts, load, constraints }: HostComparison): string {
  const columns = [...COLUMNS, ...KNOBS.map(knobColumn)];
  const bound = JSON.stringify(constraints);
  const lines = hosts.map((host) => columns.map(({ read }) => read(host)));
  const head = [...columns.map(({ name }) => name), 'load', 'constraints'];
  return [head, ...lines.map((line) => [...line, load, bound])]
    .map((line) => `${line.map(field).join(',')}\r\n`)
    .join('');
}

interface CsvColumn {
  readonly name: string;
  readonly read: (host: HostResult) => Value;
}

type Best = Extract<HostResult['best'], { state: 'found' }>;
type Measured = Exclude<Best['energy'], { state: 'unavailable' }>;

const COLUMNS: readonly CsvColumn[] = Object.freeze([
  { name: 'host', read: ({ id }) => id },
  { name: 'hostKey', read: ({ host }) => host.key },
  { name: 'cpu', read: ({ host }) => host.cpu },
  { name: 'usableCores', read: ({ host }) => host.usableCores },
  { name: 'state', read: ({ best }) => best.state },
  ofBest('qps', ({ qps }) => qps.value),
  ofBest('qpsLow', ({ qps }) => (qps.interval.over === 'none' ? null : qps.interval.low)),
  ofBest('qpsHigh', ({ qps }) => (qps.interval.over === 'none' ? null : qps.interval.high)),
  ofBest('intervalOver', ({ qps }) => qps.interval.over),
  ofBest('sessions', ({ sessions }) => sessions.length),
  ofBest('trials', ({ trials }) => trials),
  ofBest('evidence', ({ evidence }) => evidence),
  ofBest('latencyMsP50', ({ latencyMs }) => latencyMs.p50),
  ofBest('latencyMsP90', ({ latencyMs }) => latencyMs.p90),
  ofBest('latencyMsP95', ({ latencyMs }) => latencyMs.p95),
  ofBest('latencyMsP99', ({ latencyMs }) => latencyMs.p99),
  ofBest('certified', ({ certified }) => String(certified)),
  ofBest('memoryBytes', ({ memoryBytes }) => memoryBytes),
  ofBest('accuracy', ({ accuracy }) => accuracy),
  ofBest('energyState', ({ energy }) => energy.state),
  ofEnergy('watts', ({ watts }) => watts),
  ofEnergy('idleWatts', ({ idleWatts }) => idleWatts),
  ofEnergy('energyJPerInference', ({ value }) => value),
  ofEnergy('energySource', ({ source }) => source),
  ofEnergy('energyScope', ({ scope }) => scope),
  ofEnergy('energyQuality', ({ quality }) => quality),
  { name: 'currency', read: ({ prices }) => prices?.currency ?? null },
  { name: 'capex', read: ({ prices }) => prices?.capex ?? null },
  { name: 'utilisation', read: ({ prices }) => prices?.utilisation ?? null },
  { name: 'costPerMillion', read: ({ cost }) => (cost.state === 'known' ? cost.perMillion : null) },
  { name: 'costBasis', read: ({ cost }) => (cost.state === 'known' ? cost.basis : null) },
]);

function ofBest(name: string, read: (found: Best) => Value): CsvColumn {
  return { name, read: (host) => (host.best.state === 'found' ? read(host.best) : null) };
}

function ofEnergy(name: string, read: (known: Measured) => Value): CsvColumn {
  return ofBest(name, (one) => (one.energy.state === 'unavailable' ? null : read(one.energy)));
}

function knobColumn(knob: (typeof KNOBS)[number]): CsvColumn {
  return ofBest(knob.name, ({ config }) => {
    const value = knob.read(config);
    return typeof value === 'boolean' ? String(value) : value;
  });
}

/** A text that a spreadsheet would run as a formula is only ever shown. */
function field(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

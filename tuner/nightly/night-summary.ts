import { unreachable } from '../../engine/base/errors.ts';
import { formatCount, formatPercent } from '../../engine/base/units.ts';
import type { ComparedMetric } from '../../suites/comparison/margins.ts';
import { signedPercent } from './night-changes.ts';
import type { NightJob } from './night-record.ts';
import type { NightVerdict } from './night-verdict.ts';

/** `slower`, `higher p99`: what a loss of the metric is. */
const WORSE: Readonly<Record<ComparedMetric, string>> = Object.freeze({
  throughput: 'less throughput',
  p50: 'worse p50',
  p99: 'worse p99',
  energy: 'worse energy per inference',
  memory: 'worse memory',
});

/** One line a job: its name, the verdict, and what it rests on. */
export function summarizeJob(job: NightJob): string {
  return `${job.name}: ${describeVerdict(job)}`;
}

type Judged = Pick<NightJob, 'verdict' | 'metric' | 'upgrade'>;

/** The verdict of a job in words, with the upgrade that it has to be read with. */
export function describeVerdict(job: Judged): string {
  return `${verdictText(job)}${upgradeText(job)}`;
}

/**
 * Control and candidate share the runtime: where an upgrade moved the control, the candidate
 * is compared with its own earlier figures, and the reader must know it.
 */
function upgradeText({ upgrade }: Judged): string {
  if (upgrade === null) return '';
  const changes = upgrade.changes.join(', ');
  if (upgrade.controlChange === null) return `; ${changes}`;
  return `; ${changes} moved the control by ${signedPercent(upgrade.controlChange)}: compared with the job's own earlier figures`;
}

function verdictText({ verdict, metric }: Judged): string {
  switch (verdict.kind) {
    case 'ok':
      return `ok, ${describeOk(verdict)}`;
    case 'regressed':
      return `REGRESSED: ${verdict.losses.map((loss) => describeLoss(loss, metric)).join('; ')}`;
    case 'environment-changed':
      return `environment changed: the control itself is ${signedPercent(verdict.controlChange)} off its usual level, so nothing is said`;
    case 'insufficient-history':
      return `insufficient history: ${formatCount(verdict.nights, 'night')} before this one, ${verdict.needed} are needed`;
    case 'inconclusive':
      return `inconclusive: ${verdict.reason}`;
    case 'invalid':
      return `INVALID: ${verdict.reason}`;
    default:
      return unreachable(verdict);
  }
}

function describeOk({ note, change }: Extract<NightVerdict, { kind: 'ok' }>): string {
  const usual = `${signedPercent(change)} to the usual`;
  switch (note) {
    case 'steady':
      return usual;
    case 'improved':
      return `improved: ${usual}`;
    case 'not-confirmed':
      return `${usual}: it looked worse once, a second measurement did not`;
  }
}

type Loss = Extract<NightVerdict, { kind: 'regressed' }>['losses'][number];

function describeLoss({ kind, bound, change }: Loss, metric: ComparedMetric): string {
  const amount = `${formatPercent(Math.abs(change ?? 0))} ${WORSE[metric]}`;
  switch (kind) {
    case 'step':
      return `${amount} than in the nights before, confirmed`;
    case 'creep':
      return `${amount} over the last week than the release`;
    case 'bound':
      return `${bound ?? 'a bound'} is broken, confirmed`;
  }
}

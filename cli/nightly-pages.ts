import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../engine/base/files.ts';
import { renderNightPage } from '../reports/nightly/night-page.ts';
import { renderTrendPage } from '../reports/nightly/trend-page.ts';
import { nightsOfJob } from '../tuner/nightly/job-history.ts';
import type { NightRecord } from '../tuner/nightly/night-record.ts';
import type { NightlyPlan } from '../tuner/nightly/nightly-plan.ts';
import { jobView } from './night-job-view.ts';
import { trendJob } from './trend-job.ts';

/**
 * Writes the page of all nights, and that of each night that has none yet or is the last.
 * `nightsFolder` holds the nights' records; the page lies above it. Returns its path.
 */
export async function writeNightlyPages(
  plan: NightlyPlan,
  nights: readonly NightRecord[],
  nightsFolder: string,
): Promise<void> {
  for (const [index, night] of nights.entries()) {
    const path = join(nightsFolder, `${night.id}.html`);
    const isLast = index === nights.length - 1;
    if (isLast || !(await isThere(path))) {
      await writeFileAtomic(path, nightPage(night, nights.slice(0, index)));
    }
  }
  const page = join(dirname(nightsFolder), 'index.html');
  await writeFileAtomic(page, await trendPage(plan, nights));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function trendPage(plan: NightlyPlan, nights: readonly NightRecord[]): Promise<string> {
  const last = nights.at(-1);
  if (last === undefined) throw new RangeError('a page needs a night');
  return renderTrendPage({
    planPath: plan.path,
    host: last.host.name,
    startedAt: last.startedAt,
    finished: last.state === 'finished',
    nights: nights.length,
    jobs: plan.jobs.flatMap(({ name }) => trendJob(nightsOfJob(nights, name)) ?? []),
  });
}

function nightPage(night: NightRecord, earlier: readonly NightRecord[]): string {
  const { host, versions } = night;
  return renderNightPage({
    id: night.id,
    startedAt: night.startedAt,
    state: night.state,
    host: host.name,
    facts: [
      ['host', `${host.name} (${host.key})`],
      ['CPU', host.cpu],
      ['kernel', host.kernel],
      ['onnxruntime', versions.onnxruntime],
      ['claw', versions.openclaw],
      ['Node', versions.node],
      ['plan', `${night.plan.path} (${night.plan.sha256.slice(0, 8)})`],
    ],
    jobs: night.jobs.map((job) => jobView(night, job, nightsOfJob(earlier, job.name))),
  });
}

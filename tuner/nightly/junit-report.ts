import type { NightJob, NightRecord } from './night-record.ts';
import { describeVerdict } from './night-summary.ts';
import { exitOf } from './night-verdict.ts';

/**
 * A night as JUnit XML, one test case a job: a regression is a failure, an invalid job an
 * error, and one that says nothing is skipped with the reason.
 */
export function junitReport(night: NightRecord): string {
  const { jobs } = night;
  const count = (exit: ReturnType<typeof exitOf>): number =>
    jobs.filter(({ verdict }) => exitOf(verdict) === exit).length;
  const counts = `tests="${jobs.length}" failures="${count('regressed')}" errors="${count('invalid')}" skipped="${count('inconclusive')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="claw nightly" ${counts}>`,
    `  <testsuite name="${attribute(`night ${night.id}`)}" hostname="${attribute(night.host.name)}" timestamp="${attribute(night.startedAt)}" ${counts}>`,
    ...jobs.map((job) => `    ${testCase(job)}`),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(job: NightJob): string {
  const start = `<testcase classname="claw.nightly" name="${attribute(job.name)}"`;
  const message = attribute(describeVerdict(job));
  switch (exitOf(job.verdict)) {
    case 'ok':
      return `${start}/>`;
    case 'regressed':
      return `${start}><failure type="regressed" message="${message}"/></testcase>`;
    case 'invalid':
      return `${start}><error type="invalid" message="${message}"/></testcase>`;
    case 'inconclusive':
      return `${start}><skipped message="${message}"/></testcase>`;
  }
}

const ENTITIES: Readonly<Record<string, string>> = Object.freeze({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': ' ',
  '\r': ' ',
  '\t': ' ',
});

/**
 * Text for a quoted attribute. XML 1.0 has no control characters or lone surrogates at all,
 * not even escaped: what a model's error message may hold is left out.
 */
function attribute(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"\n\r\t]/g, (character) => ENTITIES[character] ?? '')
    .replaceAll(/\p{Cc}|[\uFFFE\uFFFF]/gu, '');
}

import { describe, expect, it } from 'vitest';
import { type NightJobView, renderNightPage } from '../../../reports/nightly/night-page.ts';
import { trendChart } from '../../../reports/nightly/trend-chart.ts';
import { trendHeadline } from '../../../reports/nightly/trend-headline.ts';
import { renderTrendPage } from '../../../reports/nightly/trend-page.ts';
import { drawChart } from '../../../reports/draw-chart.ts';
import { regressedJob, steadyJob, trendPageInput } from './trend-jobs.ts';

describe('the line on top', () => {
  it('says what broke, by how much, since when and what changed then', () => {
    expect(trendHeadline([steadyJob('encoder'), regressedJob()])).toMatchObject({
      tone: 'failure',
      headline:
        '1 of 2 jobs regressed: detector, 6 % down since 2026-01-31 (onnxruntime 1.29.0 -> 1.30.0)',
    });
  });

  it('leaves the night out where no change of the level is known yet', () => {
    expect(trendHeadline([regressedJob({ changes: [] })]).headline).toBe(
      'The job regressed: detector',
    );
  });

  it('says what could not be measured, and what cannot be judged, when nothing regressed', () => {
    const invalid = regressedJob({ status: 'invalid', summary: 'INVALID: no model' });
    expect(trendHeadline([invalid, steadyJob('ocr')])).toMatchObject({
      tone: 'failure',
      headline: '1 of 2 jobs could not be measured: detector',
      details: ['detector: INVALID: no model'],
    });
    const young = regressedJob({ status: 'inconclusive', summary: 'insufficient history' });
    expect(trendHeadline([young, steadyJob('ocr')])).toMatchObject({
      tone: 'pending',
      headline: 'Nothing can be said about 1 of 2 jobs',
    });
    expect(trendHeadline([young]).headline).toBe('Nothing can be said about the job');
  });

  it('says that all is well', () => {
    expect(trendHeadline([steadyJob('a'), steadyJob('b')])).toMatchObject({
      tone: 'gain',
      headline: 'None of 2 jobs regressed',
    });
  });
});

describe('the trend of a job', () => {
  const drawn = async (job = regressedJob()): Promise<string> => {
    const chart = trendChart(job);
    if (chart === undefined) throw new Error('there is nothing to draw');
    return (await drawChart(chart)).svg;
  };

  it('links each night to its report, those without figures too', async () => {
    const svg = await drawn();
    const links = new Set([...svg.matchAll(/xlink:href="([^"]*)"/g)].map(([, href]) => href));
    expect(links.size).toBe(41);
    expect(links.has('nights/20260101-020000.html')).toBe(true);
    expect(links.has('nights/gap.html')).toBe(true);
  });

  it('marks changes of the level, of the machine and the release', async () => {
    const svg = await drawn();
    expect(svg).toContain('−6 %');
    expect(svg).toContain('release');
    expect(svg.match(/▾/g)?.length).toBe(2);
    expect(svg.match(/×/g)?.length).toBe(1);
  });

  it('is drawn from a single night whose interval nothing bounds', async () => {
    const [point] = regressedJob().points;
    if (point === undefined) throw new Error('there is a point');
    const ratio = { value: 1.5, low: null, high: null };
    const job = regressedJob({ points: [{ ...point, ratio }], baseline: null, marks: [] });
    expect(await drawn(job)).not.toContain('NaN');
  });

  it('is none where no night has figures', () => {
    expect(trendChart(regressedJob({ points: [] }))).toBe(undefined);
  });
});

describe('the page of all nights', () => {
  const HOSTILE = `</script><script>alert(1)</script>`;

  it('is one file without a job that has figures, and escapes what comes from outside', async () => {
    const job = regressedJob({ name: 'x', points: [], changes: [], summary: HOSTILE });
    const page = await renderTrendPage(trendPageInput([job]));
    expect(page).not.toContain(HOSTILE);
    expect(page).toContain('&lt;/script&gt;');
    // The bundle that draws would be ten times that.
    expect(page.length).toBeLessThan(60_000);
  });

  it('has nights that regressed and those without figures in the colour of failures', async () => {
    const { points, ...rest } = regressedJob();
    const page = await renderTrendPage(trendPageInput([{ ...rest, points: points.slice(28, 32) }]));
    const nights = page.slice(page.indexOf('The last nights'));
    // Two that are well, two that regressed, one without figures.
    expect(nights.match(/<tr><td/g)).toHaveLength(2);
    expect(nights.match(/<tr class="failed">/g)).toHaveLength(3);
  });

  it('says that the last night was stopped', async () => {
    const input = trendPageInput([steadyJob('a')]);
    expect(await renderTrendPage({ ...input, finished: false })).toContain('was stopped before');
    expect(await renderTrendPage(input)).not.toContain('was stopped before');
  });
});

describe('the page of a night', () => {
  const job = {
    name: 'detector',
    status: 'regressed',
    summary: 'REGRESSED: 6 % less',
    measured: [
      {
        title: 'Measurement',
        ratio: { value: 0.94, low: 0.93, high: 0.95 },
        blocks: [0.9412, 0.9388],
        lost: 1,
        control: '100 samples/s',
        candidate: '94 samples/s',
        broken: ['p99 21 ms, bound 20 ms'],
        benchId: '20260101-detector-aa',
      },
    ],
    changed: ['onnxruntime 1.29.0 -> 1.30.0'],
    facts: [['governor', 'performance']],
  } as const;
  const pageOf = (jobs: readonly NightJobView[]): string =>
    renderNightPage({
      id: '20260101-020000',
      startedAt: '2026-01-01T02:00:00.000Z',
      state: 'finished',
      host: 'here',
      facts: [['kernel', 'linux <6>']],
      jobs,
    });

  it('does not call well what cannot be judged yet', () => {
    const young = { ...job, status: 'inconclusive', summary: 'insufficient history' } as const;
    expect(pageOf([young])).toContain('<h1>Nothing can be said about the job</h1>');
    expect(pageOf([{ ...young, status: 'ok' }])).toContain('<h1>Nothing regressed</h1>');
  });

  it('has the figures, what they rest on, and the way back', () => {
    const page = pageOf([job]);
    for (const text of [
      '<h1>detector: REGRESSED: 6 % less</h1>',
      '0.940 [0.930,\u00a00.950]',
      '0.941, 0.939',
      'p99 21 ms, bound 20 ms',
      'Changed since the night before: onnxruntime 1.29.0 -&gt; 1.30.0.',
      '20260101-detector-aa',
      'linux &lt;6&gt;',
      'href="../index.html"',
    ]) {
      expect(page).toContain(text);
    }
  });
});

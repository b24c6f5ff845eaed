import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sendMlflowRun } from '../../../tuner/export/send-mlflow-run.ts';
import type { MlflowRun } from '../../../tuner/export/targets/mlflow.ts';

interface Call {
  readonly path: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** A tracking server that knows no experiment; `failing` is the path that it refuses. */
async function stubServer(failing = ''): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const answers: Readonly<Record<string, unknown>> = {
    'experiments/create': { experiment_id: '7' },
    'runs/create': { run: { info: { run_id: 'r1' } } },
    'runs/log-batch': {},
    'runs/update': {},
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const path = (request.url ?? '').replace('/api/2.0/mlflow/', '').replace(/\?.*/, '');
      const { authorization } = request.headers;
      calls.push({ path, body: body === '' ? null : JSON.parse(body), authorization });
      const answer = answers[path];
      response.statusCode = path === failing ? 500 : answer === undefined ? 404 : 200;
      response.end(JSON.stringify(answer ?? { error_code: 'RESOURCE_DOES_NOT_EXIST' }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

const run: MlflowRun = {
  name: 'night',
  startMs: 1000,
  endMs: 5000,
  params: Array.from({ length: 150 }, (_, index) => ({ key: `p${index}`, value: 'v' })),
  metrics: [{ key: 'metrics.qps.value', value: 12 }],
  tags: [{ key: 't', value: 'x' }],
};
const { signal } = new AbortController();
const options = { experiment: 'openclaw', signal, nowMs: 9 };

describe('a run that is sent to MLflow', () => {
  test('makes the experiment, the run, its batches within their bounds, and finishes', async () => {
    const { url, calls } = await stubServer();
    expect(await sendMlflowRun(run, { ...options, url })).toBe('r1');
    expect(calls.map(({ path }) => path)).toEqual([
      'experiments/get-by-name',
      'experiments/create',
      'runs/create',
      'runs/log-batch',
      'runs/log-batch',
      'runs/log-batch',
      'runs/update',
    ]);
    expect(calls[2]?.body).toMatchObject({ experiment_id: '7', start_time: 1000, tags: run.tags });
    expect(calls[3]?.body).toMatchObject({ run_id: 'r1', params: run.params.slice(0, 100) });
    expect(calls[4]?.body).toMatchObject({ params: run.params.slice(100) });
    expect(calls[5]?.body).toMatchObject({ metrics: [{ value: 12, timestamp: 1000, step: 0 }] });
    expect(calls[6]?.body).toEqual({ run_id: 'r1', status: 'FINISHED', end_time: 5000 });
  });

  test('is marked as failed where the server refuses a batch', async () => {
    const { url, calls } = await stubServer('runs/log-batch');
    await expect(sendMlflowRun(run, { ...options, url })).rejects.toThrow(
      /MLflow refused runs\/log-batch: 500/,
    );
    expect(calls.at(-1)).toMatchObject({ path: 'runs/update', body: { status: 'FAILED' } });
  });

  test('sends what the address says of its user as a header alone', async () => {
    const { url, calls } = await stubServer();
    await sendMlflowRun(run, { ...options, url: url.replace('//', '//me:secret@') });
    const expected = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(calls.every(({ authorization }) => authorization === expected)).toBe(true);
  });

  test('says in one line that nobody answers', async () => {
    await expect(sendMlflowRun(run, { ...options, url: 'http://127.0.0.1:1' })).rejects.toThrow(
      /^MLflow at http:\/\/127\.0\.0\.1:1 does not answer/,
    );
  });
});

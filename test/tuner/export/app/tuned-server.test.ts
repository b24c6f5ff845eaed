import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serveTuned, type ServeTunedOptions } from '../../../../tuner/export/app/tuned-server.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { tunedLinear } from '../../../support/tuned-results.ts';

async function serve(options: ServeTunedOptions = {}): Promise<{
  readonly base: string;
  readonly close: () => Promise<void>;
}> {
  const folder = temporaryFolder();
  const path = join(folder, 'tuned.json');
  writeFileSync(path, JSON.stringify(tunedLinear(folder)));
  const server = await serveTuned(path, {
    port: 0,
    name: 'linear',
    onDrift: () => undefined,
    ...options,
  });
  onTestFinished(() => server.close());
  return { base: `http://127.0.0.1:${server.port}`, close: () => server.close() };
}

function infer(
  base: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`${base}/v2/models/linear/infer`, init);
}

const request = {
  id: '1',
  inputs: [
    {
      name: 'x',
      shape: [2, 2],
      datatype: 'FP32',
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
};

describe('the exported server', () => {
  test('answers an inference as the model computes it', async () => {
    const { base } = await serve();
    const response = await infer(base, request);
    expect(response.status).toBe(200);
    // Row (a, b) gives (a, b, a + b).
    expect(await response.json()).toEqual({
      model_name: 'linear',
      id: '1',
      outputs: [{ name: 'y', shape: [2, 3], datatype: 'FP32', data: [1, 2, 3, 3, 4, 7] }],
    });
  });

  test('describes its model, its health and its load', async () => {
    const { base } = await serve();
    await infer(base, request);
    expect(await (await fetch(`${base}/v2/models/linear`)).json()).toMatchObject({
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    });
    expect((await fetch(`${base}/v2/health/ready`)).status).toBe(200);
    expect((await fetch(`${base}/v2/health/live`)).status).toBe(200);
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain('openclaw_requests_in_flight 0\n');
    expect(metrics).toContain('openclaw_requests_total{state="answered"} 1\n');
  });

  test.each<[string, unknown, RegExp]>([
    ['no inputs', {}, /this is no inference request/],
    ['an unknown type', withInput({ datatype: 'FP8' }), /datatype 'FP8' is not read from JSON/],
    ['texts for numbers', withInput({ data: ['1', '2', '3', '4'] }), /must be a number/],
    ['too few elements', withInput({ data: [1] }), /has 1 elements, not 4/],
    ['an unknown input', withInput({ name: 'z' }), /input/],
  ])("refuses %s as the client's fault, and goes on", async (_, body, expected) => {
    const { base } = await serve();
    const response = await infer(base, body);
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toMatch(expected);
    expect((await infer(base, request)).status).toBe(200);
  });

  test('asks for its token where it has one, and wants one beyond this machine', async () => {
    const { base } = await serve({ token: 'secret' });
    expect((await infer(base, request)).status).toBe(401);
    expect((await infer(base, request, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await infer(base, request, { authorization: 'Bearer secret' })).status).toBe(200);
    expect((await fetch(`${base}/v2/health/ready`)).status).toBe(200);
    await expect(serve({ host: '0.0.0.0' })).rejects.toThrow(/without a token/);
  });

  test('knows no other address', async () => {
    const { base } = await serve();
    expect((await fetch(`${base}/v2/models/other/infer`, { method: 'POST' })).status).toBe(404);
  });

  test('closes once however often it is asked to', async () => {
    const { base, close } = await serve();
    await infer(base, request);
    await Promise.all([close(), close()]);
    await expect(fetch(`${base}/v2/health/live`)).rejects.toThrow('fetch failed');
  });
});

function withInput(change: object): object {
  return { inputs: request.inputs.map((input) => ({ ...input, ...change })) };
}

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseMeterAddress } from '../../../hosts/power/meter-address.ts';
import type { PowerReading } from '../../../hosts/power/power-sensor.ts';
import { openShelly } from '../../../hosts/power/shelly.ts';
import { openTasmota } from '../../../hosts/power/tasmota.ts';
import { fakePowerContext } from '../../support/power-context.ts';
import { describeSensor, type SensorFixture } from './sensor-conformance.ts';

type Open = typeof openShelly;

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map(close)));

describeSensor('Shelly', {
  // As in Shelly's documentation of Switch.GetStatus, shortened.
  open: () =>
    meterFixture('shelly', openShelly, {
      path: '/rpc/Switch.GetStatus?id=0',
      body: '{"id":0,"output":true,"apower":31.7,"voltage":233.1,"aenergy":{"total":6.532}}',
    }),
  tickMs: 1000,
  perTick: 31.7,
  refusal: /answers HTTP 500/,
});

describeSensor('Tasmota', {
  open: () =>
    meterFixture('tasmota', openTasmota, {
      path: '/cm?cmnd=Status%208',
      body: '{"StatusSNS":{"Time":"2024-01-01T00:00:00","ENERGY":{"Total":3.1,"Power":42,"Factor":0.97}}}',
    }),
  tickMs: 1000,
  perTick: 42,
  refusal: /answers HTTP 500/,
});

describe('HTTP meters', () => {
  it('say that a switch has no meter', async () => {
    const reading = await readShelly((_, response) => response.end('{"id":0,"output":true}'));
    expect(reasonOf(reading)).toMatch(/does not say "apower"/);
  });
  it.each([-3, 0, 1e9])('do not believe %d W', async (watts) => {
    const reading = await readShelly((_, response) => response.end(`{"apower":${watts}}`));
    expect(reasonOf(reading)).toMatch(/which cannot be/);
  });
  it('give up on one that does not answer', async () => {
    const reading = await readShelly(() => undefined, { timeoutMs: 50 });
    expect(reasonOf(reading)).toMatch(/did not answer within 50 ms/);
  });
  it('give up on one that never ends its answer', async () => {
    const reading = await readShelly((_, response) => response.write('{"apower":'), {
      timeoutMs: 50,
    });
    expect(reasonOf(reading)).toMatch(/did not answer within 50 ms/);
  });
  it('do not swallow an answer without end', async () => {
    const reading = await readShelly((_, response) => response.end(' '.repeat(70_000)));
    expect(reasonOf(reading)).toMatch(/more than 65536 bytes/);
  });
  it('stop when the signal aborts during the request', async () => {
    const controller = new AbortController();
    const reading = await readShelly(() => controller.abort(), { signal: controller.signal });
    expect(reasonOf(reading)).toBe('the reading was stopped');
  });
  it('ask a Tasmota with several channels for one of them', async () => {
    const body = '{"StatusSNS":{"ENERGY":{"Power":[5,42]}}}';
    const origin = await serve((_, response) => response.end(body));
    const read = (query: string): Promise<PowerReading> =>
      openTasmota(parseMeterAddress(`tasmota://${origin}${query}`), networked()).read();
    expect(await read('?channel=2')).toMatchObject({ state: 'power', watts: 42 });
    expect(reasonOf(await read(''))).toMatch(/2 channels: add \?channel=1/);
    expect(reasonOf(await read('?channel=3'))).toMatch(/no channel 3/);
  });
});

async function readShelly(
  listener: RequestListener,
  { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<PowerReading> {
  const address = parseMeterAddress(`shelly://${await serve(listener)}`);
  return openShelly(address, networked(), timeoutMs === undefined ? {} : { timeoutMs }).read(
    signal,
  );
}

async function meterFixture(
  kind: string,
  open: Open,
  { path, body }: { readonly path: string; readonly body: string },
): Promise<SensorFixture> {
  let answer = { status: 200, body };
  const host = await serve((request, response) => {
    response.writeHead(request.url === path ? answer.status : 404).end(answer.body);
  });
  const server = servers.at(-1) as Server;
  const context = networked();
  return {
    sensor: open(parseMeterAddress(`${kind}://${host}`), context),
    clock: context.clock,
    tick: () => {
      answer = { status: 200, body };
    },
    refuse: () => {
      answer = { status: 500, body: 'Internal Server Error' };
    },
    vanish: () => close(server),
    babble: () => {
      answer = { status: 200, body: '<html>please log in</html>' };
    },
  };
}

function networked(): ReturnType<typeof fakePowerContext> {
  return fakePowerContext({}, { fetch: (url, options) => fetch(url, options) });
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function reasonOf(reading: PowerReading): string {
  return reading.state === 'unavailable' ? reading.reason : `no reason but ${reading.state}`;
}

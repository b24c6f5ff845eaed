import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { messageOf, UsageError, UserError } from '../../../engine/base/errors.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import { loadTuned, type LoadTunedOptions } from '../load-tuned.ts';
import { V2Service } from './v2-service.ts';

export interface ServeTunedOptions extends LoadTunedOptions {
  /** The model's name in addresses. Default: the one in tuned.json. */
  readonly name?: string;
  /** The address to listen at. Default 127.0.0.1. */
  readonly host?: string;
  /** 0: one that is free. Default 8000. */
  readonly port?: number;
  /** What `Authorization: Bearer` must say; needed beyond this machine. */
  readonly token?: string;
}

export interface TunedServer {
  readonly port: number;
  /** Answers what came, refuses what comes, then frees the engine. Idempotent. */
  close(): Promise<void>;
}

/** Before a client that does not finish its request is dropped, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Serves a tuned.json over HTTP: inference in the JSON of the Open Inference Protocol V2,
 * health, metadata, and metrics as Prometheus reads them. Throws what `loadTuned` and
 * `Engine.open` throw, and UsageError for an open address without a token.
 */
export async function serveTuned(
  path: string | URL,
  options: ServeTunedOptions = {},
): Promise<TunedServer> {
  const { host = '127.0.0.1', port = 8000, token } = options;
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(`serving at ${host} without a token would let anybody in`, {
      remedy: 'give a token, or listen at 127.0.0.1',
    });
  }
  const { artifact, config, tuned } = await loadTuned(path, options);
  const engine = await Engine.open({ artifact, config });
  const service = new V2Service(engine, {
    model: options.name ?? tuned.model.name,
    token: token ?? null,
  });
  const server = createServer((request, response) => void service.answer(request, response));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (thrown) {
    await engine.close();
    throw new UserError(`cannot serve at ${host}:${port}: ${messageOf(thrown)}`, { cause: thrown });
  }
  let closing: Promise<void> | null = null;
  return {
    port: (server.address() as AddressInfo).port,
    close: () => (closing ??= drain(server, service, engine)),
  };
}

/** Node drops connections that are idle; a request that is under way has its own time limit. */
async function drain(server: Server, service: V2Service, engine: Engine): Promise<void> {
  service.isReady = false;
  const closed = once(server, 'close');
  server.close();
  await engine.close();
  await closed;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

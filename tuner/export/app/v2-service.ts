import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../../engine/base/errors.ts';
import type { Engine } from '../../../engine/runtime/engine.ts';
import { Draining, readText, send, statusOf, Unauthorized } from './http-exchange.ts';
import { inferResponse, parseInferRequest, v2Type } from './v2-tensors.ts';

/** What a server answers, with one engine behind it. */
export class V2Service {
  /** Whether new requests are wanted: false while it drains. */
  isReady = true;
  #inFlight = 0;
  #answered = 0;
  #failed = 0;
  readonly #engine: Engine;
  readonly #model: string;
  readonly #tokenDigest: Buffer | null;

  constructor(
    engine: Engine,
    { model, token }: { readonly model: string; readonly token: string | null },
  ) {
    this.#engine = engine;
    this.#model = model;
    this.#tokenDigest = token === null ? null : digest(`Bearer ${token}`);
  }

  /** Never rejects: a failure is an answer. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.#route(request);
      send(response, status, body);
    } catch (thrown) {
      // The rest of a body that was not read would stand before the next request.
      if (!request.complete) response.setHeader('Connection', 'close');
      send(response, statusOf(thrown), { error: messageOf(thrown) });
    }
  }

  async #route(request: IncomingMessage): Promise<Answer> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const model = `/v2/models/${encodeURIComponent(this.#model)}`;
    switch (`${request.method} ${path}`) {
      case 'GET /v2/health/live':
        return { status: 200, body: { live: true } };
      case 'GET /v2/health/ready':
      case `GET ${model}/ready`:
        return { status: this.#isUp() ? 200 : 503, body: { ready: this.#isUp() } };
      case 'GET /metrics':
        return { status: 200, body: this.#metrics() };
      case `GET ${model}`:
        return { status: 200, body: this.#metadata() };
      case `POST ${model}/infer`:
        this.#authorize(request);
        return { status: 200, body: await this.#infer(request) };
      default:
        return { status: 404, body: { error: `there is no ${request.method} ${path}` } };
    }
  }

  #isUp(): boolean {
    return this.isReady && this.#engine.stats().replicas.ready > 0;
  }

  #authorize({ headers: { authorization = '' } }: IncomingMessage): void {
    if (this.#tokenDigest === null) return;
    // Digests have one length, so that the comparison tells nothing of the token's.
    if (!timingSafeEqual(digest(authorization), this.#tokenDigest)) throw new Unauthorized();
  }

  async #infer(request: IncomingMessage): Promise<object> {
    if (!this.isReady) throw new Draining();
    this.#inFlight += 1;
    try {
      const parsed = parseInferRequest(await readText(request));
      const outputs = await this.#engine.infer(parsed.feeds);
      this.#answered += 1;
      return inferResponse(this.#model, parsed, outputs);
    } catch (thrown) {
      this.#failed += 1;
      throw thrown;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #metadata(): object {
    const describe = ({ name, type, shape }: Engine['inputs'][number]): object => ({
      name,
      datatype: v2Type(type),
      shape: shape.map((dim) => (typeof dim === 'number' ? dim : -1)),
    });
    return {
      name: this.#model,
      platform: 'onnx_onnxv1',
      inputs: this.#engine.inputs.map(describe),
      outputs: this.#engine.outputs.map(describe),
    };
  }

  #metrics(): string {
    return [
      '# TYPE openclaw_requests_in_flight gauge',
      `openclaw_requests_in_flight ${this.#inFlight}`,
      '# TYPE openclaw_requests_total counter',
      `openclaw_requests_total{state="answered"} ${this.#answered}`,
      `openclaw_requests_total{state="failed"} ${this.#failed}`,
      '',
    ].join('\n');
  }
}

interface Answer {
  readonly status: number;
  /** An object goes out as JSON, a text as it is. */
  readonly body: object | string;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

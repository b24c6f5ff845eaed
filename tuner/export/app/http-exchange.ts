import type { IncomingMessage, ServerResponse } from 'node:http';
import { UserError } from '../../../engine/base/errors.ts';
import { DeadlineError, QueueFullError } from '../../../engine/runtime/batching/batch-errors.ts';

/** Of a request's body, in bytes: Triton's own bound. */
const MAX_BODY_BYTES = 64 * 2 ** 20;

export class Unauthorized extends UserError {
  constructor() {
    super('the token is missing or wrong', { remedy: 'send Authorization: Bearer TOKEN' });
  }
}

/** A request that came while the server was ending. */
export class Draining extends UserError {
  constructor() {
    super('the server is ending', { remedy: 'ask another one' });
  }
}

class BodyTooLarge extends UserError {
  constructor() {
    super(`a body may have ${MAX_BODY_BYTES} bytes at most`);
  }
}

/** The status that says whose fault it was. */
export function statusOf(thrown: unknown): number {
  if (thrown instanceof Unauthorized) return 401;
  if (thrown instanceof BodyTooLarge) return 413;
  if (thrown instanceof QueueFullError || thrown instanceof Draining) return 503;
  if (thrown instanceof DeadlineError) return 504;
  return thrown instanceof UserError ? 400 : 500;
}

/** A request's whole body in UTF-8. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, status: number, body: object | string): void {
  const isText = typeof body === 'string';
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; version=0.0.4' : 'application/json',
  });
  response.end(isText ? body : JSON.stringify(body));
}

import { messageOf } from '../../engine/base/errors.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type { PowerContext, PowerSensor, UnavailableReading } from './power-sensor.ts';

type JsonAnswer = { readonly state: 'json'; readonly json: unknown } | UnavailableReading;

/** A plug in the same network answers within some 50 ms; on a bad radio within a second. */
const HTTP_TIMEOUT_MS = 2000;
/** Meters answer with about 1 kB; what is longer is no meter. */
const MOST_BYTES = 64 * 1024;

/** What sets one make of meter apart. */
interface MeterSource {
  readonly id: string;
  readonly kind: string;
  readonly url: string;
  /** The power that an answer tells, or why it tells none. */
  readonly read: (json: unknown) => Sample;
}

/** A meter at the wall that answers with its present power when it is asked over HTTP. */
export function openHttpMeter(
  { id, kind, url, read }: MeterSource,
  context: PowerContext,
  options: { readonly timeoutMs?: number },
): PowerSensor {
  const source = {
    id,
    kind,
    scope: 'wall' as const,
    quality: 'sampled' as const,
    intervalMs: 1000,
    leastPeriodMs: 60_000,
    sample: async (signal?: AbortSignal): Promise<Sample> => {
      const answer = await askJson(context, url, { ...options, signal });
      return answer.state === 'unavailable' ? answer : read(answer.json);
    },
  };
  return openSensor(source, context.clock);
}

/** Asks a meter for JSON. Every failure of the network or the meter is a reason. */
async function askJson(
  context: Pick<PowerContext, 'fetch'>,
  url: string,
  options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {},
): Promise<JsonAnswer> {
  const timeoutMs = options.timeoutMs ?? HTTP_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const stops = options.signal === undefined ? [timeout] : [timeout, options.signal];
  try {
    const response = await context.fetch(url, { signal: AbortSignal.any(stops) });
    if (!response.ok) {
      await response.body?.cancel();
      return unavailable(`${url} answers HTTP ${response.status}`);
    }
    return parseJson(await readText(response), url);
  } catch (thrown) {
    if (timeout.aborted) return unavailable(`${url} did not answer within ${timeoutMs} ms`);
    return unavailable(`${url} cannot be reached: ${causeOf(thrown)}`);
  }
}

function parseJson(text: string | null, url: string): JsonAnswer {
  if (text === null) return unavailable(`${url} answers with more than ${MOST_BYTES} bytes`);
  try {
    return { state: 'json', json: JSON.parse(text) as unknown };
  } catch {
    return unavailable(`${url} does not answer with JSON: ${JSON.stringify(text.slice(0, 80))}`);
  }
}

/** Null where it is too long. */
async function readText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  if (response.body === null) return text;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop cancels what is still to come.
    if (bytes > MOST_BYTES) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `fetch failed` says nothing: the reason is in its cause. */
function causeOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.cause !== undefined
    ? messageOf(thrown.cause)
    : messageOf(thrown);
}

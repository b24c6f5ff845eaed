import { z } from 'zod';
import { messageOf, UserError } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import type { MlflowRun } from './targets/mlflow.ts';

export interface SendMlflowOptions {
  /** Of the tracking server, such as `http://localhost:5000`. */
  readonly url: string;
  /** The experiment's name; made where it is not there. */
  readonly experiment: string;
  readonly signal: AbortSignal;
  /** Now, in epoch milliseconds: for a run whose own time is not known. */
  readonly nowMs: number;
  readonly fetch?: typeof fetch;
}

/** MLflow's bounds on one log-batch request. */
const MAX_PARAMS = 100;
const MAX_METRICS = 1000;
const MAX_TAGS = 100;
/** Of one request, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Makes a finished run on a tracking server by MLflow's REST API 2.0; resolves to its id. One
 * that could not be completed is marked as failed there. Throws UserError that names the
 * request and what the server said. A token is taken from the address (`https://user:pass@`).
 */
export async function sendMlflowRun(run: MlflowRun, options: SendMlflowOptions): Promise<string> {
  const api = new MlflowApi(options);
  const experimentId = await findExperiment(api, options.experiment);
  const startMs = run.startMs ?? options.nowMs;
  const created = await api.post('runs/create', runSchema, {
    experiment_id: experimentId,
    run_name: run.name,
    start_time: startMs,
    tags: run.tags,
  });
  const id = created.run.info.run_id;
  const end = (status: string): Promise<unknown> =>
    api.post('runs/update', z.unknown(), {
      run_id: id,
      status,
      end_time: run.endMs ?? startMs,
    });
  try {
    for (const batch of batches(run, startMs)) {
      await api.post('runs/log-batch', z.unknown(), { run_id: id, ...batch });
    }
    await end('FINISHED');
  } catch (thrown) {
    await end('FAILED').catch(() => undefined);
    throw thrown;
  }
  return id;
}

const experimentSchema = z.object({ experiment: z.object({ experiment_id: z.string() }) });
const newExperimentSchema = z.object({ experiment_id: z.string() });
const runSchema = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });

async function findExperiment(api: MlflowApi, name: string): Promise<string> {
  const found = await api.find(
    `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`,
    experimentSchema,
  );
  if (found !== null) return found.experiment.experiment_id;
  return (await api.post('experiments/create', newExperimentSchema, { name })).experiment_id;
}

function batches({ params, metrics }: MlflowRun, timestamp: number): object[] {
  const timed = metrics.map((metric) => ({ ...metric, timestamp, step: 0 }));
  return [
    ...chunks(params, Math.min(MAX_PARAMS, MAX_TAGS)).map((part) => ({ params: part })),
    ...chunks(timed, MAX_METRICS).map((part) => ({ metrics: part })),
  ];
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

class MlflowApi {
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #signal: AbortSignal;
  readonly #fetch: typeof fetch;

  constructor({ url, signal, fetch: fetchFrom = fetch }: SendMlflowOptions) {
    const base = new URL('api/2.0/mlflow/', url.endsWith('/') ? url : `${url}/`);
    const credentials = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
    const isNamed = base.username !== '';
    base.username = '';
    base.password = '';
    this.#base = base;
    this.#headers = {
      'Content-Type': 'application/json',
      ...(isNamed && { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    };
    this.#signal = signal;
    this.#fetch = fetchFrom;
  }

  async post<T>(path: string, schema: z.ZodType<T>, body: object): Promise<T> {
    const response = await this.#request(path, { method: 'POST', body: JSON.stringify(body) });
    return this.#read(path, schema, response);
  }

  /** Null where the server has no such thing. */
  async find<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const response = await this.#request(path, { method: 'GET' });
    if (response.status !== 404) return this.#read(path, schema, response);
    await response.body?.cancel();
    return null;
  }

  async #request(path: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      return await this.#fetch(new URL(path, this.#base), {
        ...init,
        headers: this.#headers,
        signal,
      });
    } catch (thrown) {
      this.#signal.throwIfAborted();
      const cause =
        thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
      throw new UserError(`MLflow at ${this.#base.origin} does not answer: ${messageOf(cause)}`, {
        remedy: 'check --mlflow-url, or leave it out to write a file alone',
        cause: thrown,
      });
    }
  }

  async #read<T>(path: string, schema: z.ZodType<T>, response: Response): Promise<T> {
    const text = await response.text();
    const name = path.replace(/\?.*/, '');
    if (!response.ok) {
      throw new UserError(`MLflow refused ${name}: ${response.status} ${text.slice(0, 300)}`, {
        remedy: 'check that --mlflow-url is a tracking server that may be written to',
      });
    }
    return parseAs(parseOrNull(text), schema, `what MLflow answered to ${name} is not understood`);
  }
}

/** Null fits no answer that is read. */
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

import { commandText } from './command-text.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type {
  FoundSensors,
  PowerContext,
  PowerSensor,
  UnavailableReading,
} from './power-sensor.ts';
import { parseNumber } from './sensor-file.ts';

/** A card's power in W by its index, or why it has none. */
type Cards = ReadonlyMap<string, Sample>;
type Answer = { readonly state: 'cards'; readonly cards: Cards } | UnavailableReading;
type Query = (signal?: AbortSignal) => Promise<Answer>;

const KIND = 'nvidia';
const COMMAND = 'nvidia-smi';
/** A driver without persistence mode wakes the cards first, which takes seconds. */
const TIMEOUT_MS = 5000;

/**
 * The best first. `power.draw.average` is the mean of the last second; a GA100
 * lacks it and `power.draw` is then a snapshot: A100 and H100 look for 25 ms in
 * every 100 (arXiv 2312.02741), so bursts can be missed. Older drivers know
 * `power.draw` alone and refuse the whole query otherwise. The energy counter is in
 * NVML only (nvmlDeviceGetTotalEnergyConsumption): nvidia-smi prints it nowhere.
 */
const QUERIES = Object.freeze([['power.draw.average', 'power.draw'], ['power.draw']]);

export async function findNvidia(
  context: PowerContext,
  options: { readonly signal?: AbortSignal } = {},
): Promise<FoundSensors> {
  let reason = '';
  for (const fields of QUERIES) {
    const query = createQuery(context, fields);
    const answer = await query(options.signal);
    if (answer.state === 'cards') return openCards(answer.cards, query, context);
    reason = answer.reason;
    // Only a refused field is worth a second question.
    if (!/not a valid field/i.test(reason)) break;
  }
  return { sensors: [], unavailable: [{ kind: KIND, reason }] };
}

function openCards(cards: Cards, query: Query, context: PowerContext): FoundSensors {
  const entries = [...cards];
  const none =
    entries.length === 0 ? [{ kind: KIND, reason: `${COMMAND} lists no GPU with its power` }] : [];
  return {
    sensors: entries
      .filter(([, sample]) => sample.state === 'power')
      .map(([index]) => openCard(index, query, context)),
    unavailable: [
      ...none,
      ...entries.flatMap(([, sample]) =>
        sample.state === 'unavailable' ? [{ kind: KIND, reason: sample.reason }] : [],
      ),
    ],
  };
}

function openCard(index: string, query: Query, { clock }: PowerContext): PowerSensor {
  const source = {
    id: `nvidia:${index}`,
    kind: KIND,
    scope: 'gpu' as const,
    quality: 'sampled' as const,
    // The figure is a mean over a second, and each question starts a process.
    intervalMs: 1000,
    // That mean blurs each edge by half a second: 10 % of 10 s at the very most.
    leastPeriodMs: 10_000,
    sample: async (signal?: AbortSignal): Promise<Sample> => {
      const answer = await query(signal);
      if (answer.state === 'unavailable') return answer;
      return answer.cards.get(index) ?? unavailable(`GPU ${index} is no longer listed`);
    },
  };
  return openSensor(source, clock);
}

/** One process answers for all cards: who asks while a question is out shares its answer. */
function createQuery(context: PowerContext, fields: readonly string[]): Query {
  const args = [`--query-gpu=${['index', ...fields].join(',')}`, '--format=csv,noheader,nounits'];
  let inFlight: Promise<Answer> | null = null;
  const ask = async (signal?: AbortSignal): Promise<Answer> => {
    const limits = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
    const output = commandText(COMMAND, await context.run(COMMAND, args, limits));
    return output.state === 'text' ? { state: 'cards', cards: parseCards(output.text) } : output;
  };
  return (signal) => {
    inFlight ??= ask(signal).finally(() => {
      inFlight = null;
    });
    return inFlight;
  };
}

/** Lines such as `0, [N/A], 71.36`: the first column that is a number counts. */
function parseCards(text: string): Cards {
  const lines = text.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  const cards = lines.filter(([index]) => index !== undefined && /^\d+$/.test(index));
  return new Map(cards.map(([index = '', ...cells]) => [index, firstPower(index, cells)]));
}

function firstPower(index: string, cells: readonly string[]): Sample {
  for (const cell of cells) {
    const read = parseNumber(cell, COMMAND);
    if (read.state === 'number') return { state: 'power', watts: read.value };
  }
  return unavailable(`GPU ${index} does not report its power: ${cells.join(', ').slice(0, 80)}`);
}

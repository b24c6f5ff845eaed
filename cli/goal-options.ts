import { z } from 'zod';
import { UsageError } from '../engine/base/errors.ts';
import { OBJECTIVES, PICKS, type Goal, type Prices } from '../tuner/objective.ts';

/** What `claw tune` may seek. */
export const goalOptionsSchema = z.object({
  objective: z.string(),
  pick: z.string().optional(),
  priceKwh: z.string().optional(),
  capex: z.string().optional(),
  life: z.string().optional(),
});
type GoalOptions = z.infer<typeof goalOptionsSchema>;

const DEFAULT_LIFE_YEARS = 3;

export function parseGoal(options: GoalOptions): Goal {
  const objective = oneOf(OBJECTIVES, options.objective, '--objective');
  if (options.pick !== undefined && objective !== 'pareto') {
    throw new UsageError('--pick chooses from a front', { remedy: 'add --objective pareto' });
  }
  return {
    objective,
    pick: oneOf(PICKS, options.pick ?? 'knee', '--pick'),
    prices: objective === 'cost' ? parsePrices(options) : refusePrices(options),
  };
}

function oneOf<T extends string>(allowed: readonly T[], text: string, option: string): T {
  const found = allowed.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option} '${text}' is not one of ${allowed.join(', ')}`);
}

function parsePrices({ priceKwh, capex, life }: GoalOptions): Prices {
  if (priceKwh === undefined && capex === undefined) {
    throw new UsageError('--objective cost needs a price', {
      remedy: 'give --capex 4000 (the machine) or --price-kwh 0.30 (electricity), or both',
    });
  }
  return {
    perKwh: parsePrice(priceKwh, '--price-kwh'),
    capex: parsePrice(capex, '--capex'),
    lifeYears: life === undefined ? DEFAULT_LIFE_YEARS : parseYears(life),
  };
}

function refusePrices(options: GoalOptions): null {
  const given = (['priceKwh', 'capex', 'life'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (given === undefined) return null;
  const flag = given === 'priceKwh' ? 'price-kwh' : given;
  throw new UsageError(`--${flag} is for the objective cost`, { remedy: 'add --objective cost' });
}

function parsePrice(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const price = Number(text);
  if (text.trim() !== '' && Number.isFinite(price) && price > 0) return price;
  throw new UsageError(`${option} '${text}' must be a price above 0, such as 0.30`);
}

function parseYears(text: string): number {
  const years = Number(/^\s*([\d.]+)\s*(y|years?)?\s*$/i.exec(text)?.[1] ?? Number.NaN);
  if (years > 0) return years;
  throw new UsageError(`--life '${text}' must be years, such as 3y`);
}

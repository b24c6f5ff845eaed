import { UsageError } from '../engine/base/errors.ts';
import { findSuite } from '../suites/registry.ts';
import {
  SCENARIO_NAMES,
  type LatencyBound,
  type Scenario,
  type ScenarioName,
} from '../suites/scenarios/scenario.ts';
import { parseSlo } from '../tuner/constraint.ts';

export type BenchLoad =
  | { readonly kind: 'fixed'; readonly scenario: Scenario }
  /** The highest rate that keeps the bound. */
  | { readonly kind: 'peak'; readonly bound: LatencyBound };

interface LoadOptions {
  readonly scenario: string;
  readonly rate?: string | undefined;
  readonly slo?: string | undefined;
}

/** The load that the options mean for a target. Throws UsageError where they cannot go together. */
export function parseLoad(options: LoadOptions, target: string): BenchLoad {
  const name = SCENARIO_NAMES.find((one) => one === options.scenario);
  if (name === undefined) {
    throw new UsageError(`--scenario '${options.scenario}' is not known`, {
      remedy: `scenarios: ${SCENARIO_NAMES.join(', ')}`,
    });
  }
  if (name === 'server') return serverLoad(options, target);
  refuseServerOptions(options, name);
  return { kind: 'fixed', scenario: { name } };
}

function refuseServerOptions(options: LoadOptions, name: ScenarioName): void {
  const extra = options.rate !== undefined ? '--rate' : options.slo !== undefined ? '--slo' : null;
  if (extra === null) return;
  throw new UsageError(`${extra} belongs to the server scenario, not to ${name}`, {
    remedy: 'add --scenario server',
  });
}

/** With a rate: the latency at that rate. Without: the highest rate that keeps the bound. */
function serverLoad(options: LoadOptions, target: string): BenchLoad {
  const slo = options.slo ?? findSuite(target)?.defaultSlo;
  const bound = slo === undefined ? null : boundOf(slo);
  if (options.rate !== undefined) {
    const ratePerSecond = Number(options.rate);
    if (!(ratePerSecond > 0 && ratePerSecond <= 1e6)) {
      throw new UsageError(`--rate '${options.rate}' is not a rate`, {
        remedy: 'give queries per second, above 0 and at most a million, such as --rate 100',
      });
    }
    return { kind: 'fixed', scenario: { name: 'server', ratePerSecond, bound } };
  }
  if (bound === null) {
    throw new UsageError('the server scenario needs a rate or a bound on latency', {
      remedy: "give --rate 100, or --slo 'p99<20ms' to find the highest rate that keeps it",
    });
  }
  return { kind: 'peak', bound };
}

function boundOf(slo: string): LatencyBound {
  const constraint = parseSlo(slo);
  if (constraint.kind !== 'latency') throw new Error('--slo is a bound on latency');
  return { percentile: constraint.percentile, limitMs: constraint.limitMs };
}

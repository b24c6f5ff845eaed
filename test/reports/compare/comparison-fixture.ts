import { compareHosts } from '../../../tuner/compare/compare-hosts.ts';
import type { HostComparison } from '../../../tuner/compare/comparison.ts';
import type { ComparedSource } from '../../../tuner/compare/compared-source.ts';
import {
  fastArm,
  hostNamed,
  hostSessions,
  hostSource,
  measuredEnergy,
  smallArm,
  trialOf,
} from '../../support/compared-hosts.ts';

const SPREAD = [1, 1.012, 0.991, 1.004, 0.995];

/** Three hand-made hosts: two with five sessions and a sensor, one with one and an estimate. */
export function threeHosts(name = 'edge-1'): Promise<HostComparison> {
  const [first, ...rest] = [
    ...hostSessions(name, scaled(1840), {
      host: hostNamed(name, { cpu: 'Intel(R) N100' }),
      energy: measuredEnergy({ value: 0.0065, watts: 12, idleWatts: 5 }),
      trials: probes('edge'),
    }),
    ...hostSessions('server-2', scaled(5230), {
      host: hostNamed('server-2', { cpu: 'AMD EPYC 9354P', cores: 32, usableCores: 32 }),
      energy: measuredEnergy({ value: 0.021, watts: 110, idleWatts: 48 }),
      trials: probes('server'),
    }),
    hostSource({
      id: 'lab-3',
      host: hostNamed('lab-3', { cpu: 'Cortex-A76', architecture: 'arm64' }),
      qps: 760,
      winner: smallArm,
      energy: measuredEnergy({
        state: 'estimated',
        value: 0.004,
        watts: 3,
        source: 'tdp',
        quality: 'estimated',
      }),
    }),
  ];
  if (first === undefined) throw new Error('there are three hosts');
  return compareHosts([first, ...rest], {
    constraints: [],
    allowed: new Set(),
    prices: {
      path: 'hosts.yaml',
      file: {
        defaults: { currency: 'EUR', pricePerKwh: 0.3, utilisation: 0.5 },
        hosts: { [name]: { capex: 900 }, 'server-2': { capex: 6500 }, 'lab-3': { capex: 1200 } },
      },
    },
  });
}

function scaled(qps: number): number[] {
  return SPREAD.map((factor) => qps * factor);
}

/** Rates that were tried: the server keeps up longer. */
function probes(of: 'edge' | 'server'): ComparedSource['trials'] {
  const most = of === 'edge' ? 1800 : 5000;
  return [0.2, 0.5, 0.8, 0.95, 1.05].map((share, index) =>
    trialOf(
      { id: of },
      {
        arm: fastArm,
        sequence: 100 + index,
        qps: share * most,
        p99Ms: 6 / (1.12 - share),
        purpose: { kind: 'probe', ratePerSecond: share * most, seed: index },
        scenario: { name: 'server', ratePerSecond: share * most, bound: null },
      },
    ),
  );
}

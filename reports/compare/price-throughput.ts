import type { TopLevelSpec } from 'vega-lite';
import { FRONT_LINE, POINT_NAME } from '../charts/chart-marks.ts';
import { isPositive, type Layer, linearDomain, short } from '../charts/chart-spec.ts';
import { ACCENT, chartFrame, DOT, INK, WIDE } from '../charts/chart-theme.ts';
import { kindLooks } from '../charts/kind-looks.ts';
import { throughputAxis } from '../charts/linear-axis.ts';
import { paretoFront } from '../pareto.ts';

/** One host: what it costs to buy, and what it serves at the bound. */
export interface PricedHost {
  readonly host: string;
  readonly price: number;
  readonly qps: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly text: string;
}

/** Throughput against price with the hosts that no other beats in both; undefined below two. */
export function priceThroughputChart(
  all: readonly PricedHost[],
  currency: string,
): TopLevelSpec | undefined {
  const hosts = all.filter(({ price, qps }) => isPositive(price) && isPositive(qps));
  if (hosts.length < 2) return undefined;
  const xDomain = linearDomain(
    hosts.map(({ price }) => price),
    { air: 0.15 },
  );
  return {
    ...chartFrame({ width: WIDE, height: 320 }),
    encoding: axesOf(hosts, xDomain, currency),
    layer: [
      frontLayer(hosts),
      intervalLayer(hosts),
      pointLayer(hosts),
      ...nameLayers(hosts, xDomain),
    ],
  };
}

function axesOf(hosts: readonly PricedHost[], xDomain: [number, number], currency: string) {
  const ends = hosts.flatMap(({ qps, interval }) => [
    qps,
    interval?.low ?? qps,
    interval?.high ?? qps,
  ]);
  return {
    x: {
      field: 'price',
      type: 'quantitative',
      title: `price of the machine (${currency})`,
      scale: { zero: false, nice: false, domain: xDomain },
      axis: { format: ',~r', tickCount: 6, grid: true },
    },
    y: throughputAxis(linearDomain(ends, { air: 0.15 }), 6),
  } as const;
}

/** On a front a price stands where latency does for arms: the less the better. */
export function priceFront(hosts: readonly PricedHost[]): readonly PricedHost[] {
  return paretoFront(hosts.map((host) => ({ ...host, latencyMs: host.price })));
}

function frontLayer(hosts: readonly PricedHost[]): Layer {
  return {
    data: {
      values: priceFront(hosts).map(({ price, qps }) => ({ price: short(price), qps: short(qps) })),
    },
    mark: FRONT_LINE,
  };
}

function intervalLayer(hosts: readonly PricedHost[]): Layer {
  const values = hosts.flatMap(({ price, interval }) =>
    interval === null
      ? []
      : [{ price: short(price), qps: short(interval.low), high: short(interval.high) }],
  );
  return {
    data: { values },
    mark: { type: 'rule', color: INK, strokeWidth: 1.5, opacity: 0.7 },
    encoding: { y2: { field: 'high' } },
  };
}

const HOST_LOOKS = Object.freeze(
  kindLooks('kind', { front: [ACCENT, 'circle'], beaten: [DOT, 'square'] }),
);

function pointLayer(hosts: readonly PricedHost[]): Layer {
  const front = new Set(priceFront(hosts).map(({ host }) => host));
  return {
    data: {
      values: hosts.map(({ host, price, qps, text }) => ({
        host,
        price: short(price),
        qps: short(qps),
        text,
        kind: front.has(host) ? 'front' : 'beaten',
      })),
    },
    mark: { type: 'point', filled: true, opacity: 1, size: 130 },
    encoding: {
      ...HOST_LOOKS,
      tooltip: [
        { field: 'host', title: 'host' },
        { field: 'text', title: 'price and throughput' },
      ],
    },
  };
}

/** Beside their points: a step of the front leaves to the right and comes from below. */
function nameLayers(hosts: readonly PricedHost[], [low, high]: readonly [number, number]): Layer[] {
  return [true, false].map((onLeft) => ({
    data: {
      values: hosts
        .filter(({ price }) => price < (low + high) / 2 === onLeft)
        .map(({ host, price, qps }) => ({ host, price: short(price), qps: short(qps) })),
    },
    mark: {
      ...POINT_NAME,
      fill: INK,
      baseline: 'bottom' as const,
      align: onLeft ? ('left' as const) : ('right' as const),
      dx: onLeft ? 9 : -9,
      dy: -8,
    },
    encoding: { text: { field: 'host' } },
  }));
}

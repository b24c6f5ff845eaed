export interface LinearAxis {
  readonly field: string;
  readonly type: 'quantitative';
  readonly title: string;
  readonly scale: {
    readonly zero: false;
    readonly nice: false;
    readonly domain: [number, number];
  };
  readonly axis: { readonly format: string; readonly tickCount: number };
}

/** An axis over exactly `domain`, which need not hold zero, with about `tickCount` marks. */
export function linearAxis(
  field: string,
  options: { title: string; domain: [number, number]; format: string; tickCount: number },
): LinearAxis {
  const { title, domain, format, tickCount } = options;
  return {
    field,
    type: 'quantitative',
    title,
    scale: { zero: false, nice: false, domain },
    axis: { format, tickCount },
  };
}

/** Samples a second, of the field `qps`. */
export function throughputAxis(domain: [number, number], tickCount: number): LinearAxis {
  return linearAxis('qps', {
    title: 'throughput (samples/s)',
    domain,
    format: ',~r',
    tickCount,
  });
}

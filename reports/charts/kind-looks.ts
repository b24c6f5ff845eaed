/** A CSS colour and the name of one of Vega's shapes. */
type Look = readonly [color: string, shape: string];

export interface LookChannel {
  readonly field: string;
  readonly type: 'nominal';
  readonly legend: null;
  readonly scale: { domain: string[]; range: string[] };
}

/**
 * Colour and shape of each kind: shape too, since colour alone is not for every eye. The
 * legend is the page's own. Layers of one chart that show the same field need the same looks:
 * Vega-Lite would merge two different scales into one of its own.
 */
export function kindLooks<Kind extends string>(
  field: string,
  looks: Readonly<Record<Kind, Look>>,
): { readonly color: LookChannel; readonly shape: LookChannel } {
  const all = Object.entries<Look>(looks);
  const domain = all.map(([kind]) => kind);
  const channel = (range: string[]): LookChannel => ({
    field,
    type: 'nominal',
    legend: null,
    scale: { domain, range },
  });
  return {
    color: channel(all.map(([, [color]]) => color)),
    shape: channel(all.map(([, [, shape]]) => shape)),
  };
}

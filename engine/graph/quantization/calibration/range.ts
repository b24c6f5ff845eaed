/** Between which reals a tensor's integers lie. `min <= 0 <= max`, both finite. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

import { CLASSES } from '../images/defects.ts';

/** One Conv, BatchNormalization, Relu of the backbone. */
export interface LayerPlan {
  readonly name: string;
  readonly kernel: number;
  /** Of the convolution. The stem of one channel gains little from integers: it is kept small. */
  readonly stride: number;
  /** Output channels: multiples of 16, which int8 kernels fill without a rest. */
  readonly channels: number;
  /** Index of the layer whose output is added before the Relu. */
  readonly residualFrom: number | null;
  /** Whether the classifier looks at the average and the maximum of its output. */
  readonly seen: boolean;
  /** Whether a 2x2 MaxPool follows. */
  readonly pooled: boolean;
  /**
   * Training only: a position shows a defect that is within this many pixels.
   * About what the layer can see, so it grows with depth.
   */
  readonly reach: number;
}

/** 20 million multiplications and additions a picture. */
export const LAYOUT: readonly LayerPlan[] = Object.freeze([
  plan('stem', 16, { kernel: 5, stride: 2 }),
  plan('stage1', 32, { reach: 6, pooled: true }),
  plan('stage2.0', 48, { reach: 10 }),
  plan('stage2.1', 48, { reach: 12, residualFrom: 2, seen: true, pooled: true }),
  plan('stage3.0', 64, { reach: 14 }),
  plan('stage3.1', 64, { reach: 14 }),
  plan('stage3.2', 64, { reach: 14, residualFrom: 4, seen: true }),
]);

/** Average and maximum of each channel that the classifier looks at. */
export const FEATURES = LAYOUT.reduce(
  (sum, layer) => sum + (layer.seen ? 2 * layer.channels : 0),
  0,
);

export const CLASS_COUNT = CLASSES.length;

function plan(name: string, channels: number, rest: Partial<LayerPlan>): LayerPlan {
  const usual = { kernel: 3, stride: 1, residualFrom: null, seen: false, pooled: false, reach: 0 };
  return { name, channels, ...usual, ...rest };
}

import type { LayerPlan } from './layout.ts';

/** A layer of the backbone with its weights. */
export interface Layer {
  readonly plan: LayerPlan;
  /** Input channels. */
  readonly inputs: number;
  /** Convolution without bias: [channels, inputs, kernel, kernel]. */
  readonly weight: Float32Array;
  readonly norm: BatchNorm;
}

/** Per channel: `scale * (x - mean) / sqrt(variance + EPSILON) + bias`. */
export interface BatchNorm {
  readonly scale: Float32Array;
  readonly bias: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** The epsilon of every BatchNormalization, as exporters write it. */
export const EPSILON = 1e-5;

/** The linear classifier on top: [classes, features] and [classes]. */
export interface Head {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

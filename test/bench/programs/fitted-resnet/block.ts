/**
 * A bottleneck block of the narrow network: the channels of ResNet-50's block of the
 * same name that are trained. What its 3x3 convolution gives is written to channels of
 * the stream that were unused so far, and the channels in use stay as they are (as in a
 * DenseNet: Huang et al., 2017): nothing on the stream cancels, so that 8 bits hold it.
 */
export interface BlockPlan {
  readonly name: string;
  /** Channels in use: of the stream before, inside the block, of the stream after. */
  readonly from: number;
  readonly inner: number;
  readonly to: number;
  readonly stride: number;
  /** Side of its output in cells. */
  readonly size: number;
  /**
   * A position shows a defect that is within so many pixels of the 64 x 64 picture;
   * null: trained on whole pictures, behind the average over all cells.
   */
  readonly reach: number | null;
}

/** Matrices [inputs, outputs]: a row of inputs times the matrix. */
export interface BlockParameters {
  /** 1x1: [from, inner]. */
  readonly reduce: Float32Array;
  readonly reduceBias: Float32Array;
  /** 3x3: [9 x inner, inner], the cells of the neighbourhood in rows. */
  readonly spatial: Float32Array;
  readonly spatialBias: Float32Array;
}

export interface Block {
  readonly plan: BlockPlan;
  readonly parameters: BlockParameters;
}

/** Blocks left out stay seeded noise of a small gain. */
export const BLOCKS: readonly BlockPlan[] = Object.freeze([
  plan('layer1.0', [64, 32], { size: 56, reach: 4 }),
  plan('layer1.2', [96, 32], { size: 56, reach: 6 }),
  plan('layer2.0', [128, 48], { size: 28, stride: 2, reach: 9 }),
  plan('layer2.2', [176, 48], { size: 28, reach: 12 }),
  plan('layer3.0', [224, 64], { size: 14, stride: 2, reach: 14 }),
  plan('layer3.3', [288, 64], { size: 14, reach: 16 }),
  plan('layer4.0', [352, 96], { size: 7, stride: 2, reach: 20 }),
  plan('layer4.2', [448, 96], { size: 7, reach: null }),
]);

function plan(
  name: string,
  [from, inner]: readonly [from: number, inner: number],
  rest: { readonly size: number; readonly reach: number | null; readonly stride?: number },
): BlockPlan {
  return { name, from, inner, to: from + inner, stride: 1, ...rest };
}

/** A first block of a stage has a convolution on its shortcut. */
export function hasShortcut({ name }: BlockPlan): boolean {
  return name.endsWith('.0');
}

/**
 * A bottleneck block of the narrow network: the channels of ResNet-50's block of the
 * same name that are trained.
 */
export interface BlockPlan {
  readonly name: string;
  /** Channels: of the stream before, inside the block, of the stream after. */
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
  /** 1x1: [inner, to]. */
  readonly expand: Float32Array;
  readonly expandBias: Float32Array;
  /** 1x1: [from, to]; null where the stream is added as it is. */
  readonly shortcut: Float32Array | null;
}

export interface Block {
  readonly plan: BlockPlan;
  readonly parameters: BlockParameters;
}

/**
 * Blocks left out stay seeded noise of a small gain. A first block of a stage has a
 * shortcut of its own, which is trained from the identity.
 */
export const BLOCKS: readonly BlockPlan[] = Object.freeze([
  plan('layer1.0', [64, 32, 64], { size: 56, reach: 4 }),
  plan('layer1.2', [64, 32, 64], { size: 56, reach: 6 }),
  plan('layer2.0', [64, 48, 96], { size: 28, stride: 2, reach: 9 }),
  plan('layer2.2', [96, 48, 96], { size: 28, reach: 12 }),
  plan('layer3.0', [96, 64, 128], { size: 14, stride: 2, reach: 14 }),
  plan('layer3.3', [128, 64, 128], { size: 14, reach: 16 }),
  plan('layer4.0', [128, 96, 192], { size: 7, stride: 2, reach: 20 }),
  plan('layer4.2', [192, 96, 192], { size: 7, reach: null }),
]);

function plan(
  name: string,
  [from, inner, to]: readonly [from: number, inner: number, to: number],
  rest: { readonly size: number; readonly reach: number | null; readonly stride?: number },
): BlockPlan {
  return { name, from, inner, to, stride: 1, ...rest };
}

export function hasShortcut({ name }: BlockPlan): boolean {
  return name.endsWith('.0');
}

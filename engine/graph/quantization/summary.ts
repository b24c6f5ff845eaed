/** What quantizing a model did, in place. */
export interface QuantizationSummary {
  /** Nodes (or, for storage formats, tensors) that were quantized. */
  readonly quantized: number;
  /** Those that could have been, and why they were not. */
  readonly skipped: readonly SkippedNode[];
}

export interface SkippedNode {
  /** The node's name, else its operator and output; for storage formats the tensor's. */
  readonly node: string;
  readonly reason: string;
}

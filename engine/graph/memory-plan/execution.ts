import type { SizeLaw } from './size-law.ts';

/** A tensor that a node makes. */
export interface MadeTensor {
  readonly name: string;
  readonly size: SizeLaw;
  /**
   * Type and shape as they are known before any run, such as `4:N,64,56,56` (bytes of an
   * element, dims); null where they are not. Tensors of one form may share memory.
   */
  readonly form: string | null;
}

export interface ExecutedNode {
  /** Such as `Conv`; `com.microsoft.FusedConv` outside the default domain. */
  readonly operator: string;
  /**
   * Names of the tensors that it reads, by position, then those that its subgraphs read;
   * null where an optional one is left out.
   */
  readonly reads: readonly (string | null)[];
  readonly makes: readonly MadeTensor[];
}

/**
 * A graph as it is executed: its nodes in their order. What no node makes belongs to the
 * caller (an input) or to the session (a weight).
 */
export interface Execution {
  readonly nodes: readonly ExecutedNode[];
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
}

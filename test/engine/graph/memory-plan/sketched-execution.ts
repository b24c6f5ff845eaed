import type { ExecutedNode, Execution } from '../../../../engine/graph/memory-plan/execution.ts';
import type { SizeLaw } from '../../../../engine/graph/memory-plan/size-law.ts';

/** So many bytes a sample. */
export function perSample(sampleBytes: number): SizeLaw {
  return { fixedBytes: 0, sampleBytes };
}

export function sketchedExecution(nodes: readonly string[], outputs: readonly string[]): Execution {
  return { nodes: nodes.map(sketchedNode), outputs };
}

/**
 * `Relu(a) -> b:40:F`: operator, reads (`-` where one is left out), outputs with bytes a sample
 * and the form, where it is known.
 */
function sketchedNode(text: string): ExecutedNode {
  const [, operator = '', reads = '', makes = ''] = /^(\S+)\((.*)\) -> (.*)$/.exec(text) ?? [];
  return {
    operator,
    reads: reads === '' ? [] : reads.split(', ').map((name) => (name === '-' ? null : name)),
    makes: makes.split(', ').map((made) => {
      const [name = '', bytes, form = null] = made.split(':');
      return { name, size: perSample(Number(bytes)), form };
    }),
  };
}

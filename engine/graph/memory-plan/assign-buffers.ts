import type { ExecutedNode, Execution, MadeTensor } from './execution.ts';
import { takenOverBy, viewsOf } from './shared-memory.ts';
import { isSameSize, type SizeLaw } from './size-law.ts';

/** A piece of memory that a run takes once and gives back once. */
export interface Buffer {
  readonly size: SizeLaw;
  /** The node that it is taken for, by its place in the order of execution. */
  readonly first: number;
  /** The last node before it is given back; outputs stay to the end. */
  readonly last: number;
  /** Whether it is the caller's in the end. */
  readonly isOutput: boolean;
  /** What lies in it, one after the other. */
  readonly tensors: readonly Occupant[];
}

export interface Occupant {
  readonly name: string;
  /** The node that makes it. */
  readonly madeBy: number;
}

/**
 * Which tensors share memory, as ONNX Runtime's planner decides it before a run
 * (`allocation_planner.cc`): a view lies in what it views, an operator that may overwrites
 * an input that nobody else reads, and another tensor takes over from a dead one of the
 * same form, the last that died, whose memory is therefore not given back in between. Graph
 * outputs have memory of their own; what the caller or the session owns has none here, nor
 * has a view of it. By the time at which they are taken. O(reads), and dead ones of a form
 * are few.
 */
export function assignBuffers(execution: Execution): Buffer[] {
  const assignment = new Assignment(execution);
  for (const [index, node] of execution.nodes.entries()) assignment.execute(node, index);
  return assignment.buffers();
}

interface OpenBuffer {
  readonly size: SizeLaw;
  readonly form: string | null;
  readonly first: number;
  last: number;
  readonly isOutput: boolean;
  readonly tensors: Occupant[];
  /** Reads to come, of all that lies in it. */
  uses: number;
}

class Assignment {
  readonly #outputs: ReadonlySet<string>;
  readonly #uses: ReadonlyMap<string, number>;
  readonly #end: number;
  /** By the tensor's name; null for a view of what is not ours. */
  readonly #bufferOf = new Map<string, OpenBuffer | null>();
  readonly #all: OpenBuffer[] = [];
  /** Nobody reads them any more; the latest first. */
  readonly #dead: OpenBuffer[] = [];

  constructor({ nodes, outputs }: Execution) {
    this.#outputs = new Set(outputs);
    this.#uses = countUses(nodes);
    this.#end = nodes.length - 1;
  }

  buffers(): Buffer[] {
    return this.#all.map(({ uses: _, form: __, ...buffer }) => buffer);
  }

  execute(node: ExecutedNode, index: number): void {
    for (const [position, made] of node.makes.entries()) {
      const { name } = made;
      const shared = this.#sharedWith(node, position);
      const buffer = shared === undefined ? this.#take(made, index) : shared;
      this.#bufferOf.set(name, buffer);
      if (buffer === null) continue;
      buffer.uses += this.#uses.get(name) ?? 0;
      buffer.tensors.push({ name, madeBy: index });
      buffer.last = Math.max(buffer.last, index);
    }
    for (const name of node.reads) {
      const buffer = this.#ownerOf(name);
      if (buffer === null) continue;
      buffer.uses -= 1;
      buffer.last = Math.max(buffer.last, index);
    }
    for (const name of [...node.reads, ...node.makes.map((made) => made.name)]) this.#bury(name);
  }

  /** The buffer that an output lies in: null for one that is not ours, undefined for none. */
  #sharedWith(node: ExecutedNode, position: number): OpenBuffer | null | undefined {
    const made = node.makes[position];
    if (made === undefined || this.#outputs.has(made.name)) return undefined;
    const view = viewsOf(node.operator).find(({ output }) => output === position);
    if (view !== undefined) return this.#ownerOf(node.reads[view.input]);
    for (const { input, output } of takenOverBy(node.operator)) {
      const buffer = output === position ? this.#ownerOf(node.reads[input]) : null;
      if (buffer?.uses === 1 && isSameSize(buffer.size, made.size)) return buffer;
    }
    return undefined;
  }

  /** Memory of a dead tensor of the same form, or new memory. */
  #take({ name, size, form }: MadeTensor, index: number): OpenBuffer {
    const isOutput = this.#outputs.has(name);
    const found = isOutput || form === null ? -1 : this.#dead.findIndex((one) => one.form === form);
    const [reused] = found < 0 ? [] : this.#dead.splice(found, 1);
    if (reused !== undefined) return reused;
    const buffer: OpenBuffer = {
      size,
      form,
      first: index,
      last: isOutput ? this.#end : index,
      isOutput,
      tensors: [],
      // The caller's own, which keeps an output from being overwritten.
      uses: isOutput ? 1 : 0,
    };
    this.#all.push(buffer);
    return buffer;
  }

  #bury(name: string | null): void {
    const buffer = this.#ownerOf(name);
    if (buffer === null || buffer.uses > 0 || this.#dead.includes(buffer)) return;
    this.#dead.unshift(buffer);
  }

  #ownerOf(name: string | null | undefined): OpenBuffer | null {
    return this.#bufferOf.get(name ?? '') ?? null;
  }
}

function countUses(nodes: readonly ExecutedNode[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { reads } of nodes) {
    for (const name of reads) if (name !== null) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return uses;
}

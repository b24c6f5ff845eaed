import { InvalidModelError } from './invalid-model-error.ts';
import type { OnnxFunction, OnnxNode } from './model.ts';

/** Calls inside calls; exporters nest three or four deep. */
const MAX_DEPTH = 64;

/** Whose operators a runtime knows by itself. */
const STANDARD_DOMAINS: ReadonlySet<string> = new Set([
  '',
  'ai.onnx.ml',
  'ai.onnx.preview.training',
  'ai.onnx.training',
  'com.microsoft',
]);

/** A node, of the messages or of the IR. */
export interface Call {
  readonly domain?: string;
  readonly opType?: string;
  readonly overload?: string;
}

/**
 * A model's functions by their identifiers, but for those under a standard
 * domain. None of them calls itself: that throws InvalidModelError, as does
 * nesting beyond a bound.
 */
export class ModelFunctions {
  readonly #byKey: ReadonlyMap<string, OnnxFunction>;
  readonly #source: string;
  /** Levels of calls, the function's own included. */
  readonly #depths = new Map<OnnxFunction, number>();

  constructor(functions: readonly OnnxFunction[], source: string) {
    this.#source = source;
    this.#byKey = new Map(
      functions
        .filter(({ domain }) => !STANDARD_DOMAINS.has(defaultDomain(domain)))
        .map((one) => [functionKey(one), one]),
    );
    for (const one of this.#byKey.values()) this.#measure(one, []);
  }

  has(one: OnnxFunction): boolean {
    return this.#byKey.get(functionKey(one)) === one;
  }

  /** What a node calls; null when it is an operator. */
  find({ domain, opType, overload }: Call): OnnxFunction | null {
    return this.#byKey.get(keyOf(domain, opType, overload)) ?? null;
  }

  /** Functions that the body of one calls, in subgraphs too. */
  calledBy({ nodes }: OnnxFunction): ReadonlySet<OnnxFunction> {
    const called = new Set<OnnxFunction>();
    for (const node of withInnerNodes(nodes)) {
      const callee = this.find(node);
      if (callee !== null) called.add(callee);
    }
    return called;
  }

  /** Each function is looked at once; the recursion is as deep as the bound. */
  #measure(one: OnnxFunction, callers: readonly OnnxFunction[]): number {
    const path = [...callers, one];
    const known = this.#depths.get(one);
    if (callers.length + (known ?? 1) > MAX_DEPTH) {
      throw this.#invalid(`functions are nested deeper than ${MAX_DEPTH}`, path);
    }
    if (known !== undefined) return known;
    if (callers.includes(one)) throw this.#invalid('a function calls itself', path);
    let below = 0;
    for (const callee of this.calledBy(one)) below = Math.max(below, this.#measure(callee, path));
    this.#depths.set(one, below + 1);
    return below + 1;
  }

  #invalid(what: string, path: readonly OnnxFunction[]): InvalidModelError {
    const names = path.map(({ name = '' }) => `'${name}'`).slice(-4);
    return new InvalidModelError(`${what}: ${names.join(' calls ')}`, { source: this.#source });
  }
}

/** `ai.onnx` may be written as such or be left empty. */
export function defaultDomain(domain = ''): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function* withInnerNodes(nodes: readonly OnnxNode[]): Generator<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const { g, graphs } of node.attributes) {
      for (const graph of g === undefined ? graphs : [g]) yield* withInnerNodes(graph.nodes);
    }
  }
}

function functionKey({ domain, name, overload }: OnnxFunction): string {
  return keyOf(domain, name, overload);
}

function keyOf(domain = '', name = '', overload = ''): string {
  return JSON.stringify([defaultDomain(domain), name, overload]);
}

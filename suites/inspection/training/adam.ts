/** Decay rates of Adam's two moments; the second is short because training is. */
const DECAY = Object.freeze({ first: 0.9, second: 0.99 });

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019) for one array of parameters. */
export class Adam {
  readonly #parameters: Float32Array;
  readonly #decay: number;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  #steps = 0;

  /** `parameters` are changed in place. */
  constructor(parameters: Float32Array, options: { readonly decay: number }) {
    this.#parameters = parameters;
    this.#decay = options.decay;
    this.#first = new Float32Array(parameters.length);
    this.#second = new Float32Array(parameters.length);
  }

  step(gradient: Float32Array, rate: number): void {
    this.#steps += 1;
    const [parameters, first, second] = [this.#parameters, this.#first, this.#second];
    const firstScale = 1 / (1 - DECAY.first ** this.#steps);
    const secondScale = 1 / (1 - DECAY.second ** this.#steps);
    const keep = 1 - rate * this.#decay;
    for (let i = 0; i < parameters.length; i += 1) {
      const g = gradient[i] as number;
      const m = DECAY.first * (first[i] as number) + (1 - DECAY.first) * g;
      const v = DECAY.second * (second[i] as number) + (1 - DECAY.second) * g * g;
      first[i] = m;
      second[i] = v;
      const change = (m * firstScale) / (Math.sqrt(v * secondScale) + 1e-8);
      parameters[i] = (parameters[i] as number) * keep - rate * change;
    }
  }
}

/** A built-in workload: a model, data with labels, and the bound that its scenario implies. */
export interface Suite {
  readonly name: string;
  /** One line for `claw suites`. */
  readonly summary: string;
  /** Constraints unless the user gives others, as `--slo` takes them: `p99<66ms`. */
  readonly defaultSlo: string;
  /**
   * Builds the model and its data into `folder`, or returns at once what an
   * earlier call left there. Deterministic: the same version gives the same bytes.
   */
  build(options: SuiteBuildOptions): Promise<BuiltSuite>;
}

export interface SuiteBuildOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Called with a line for people, such as `fitting the classifier`. */
  readonly onProgress: (message: string) => void;
}

export interface BuiltSuite {
  readonly modelPath: string;
  /** A prepared dataset (see `data/dataset.ts`) of held-out, labelled samples. */
  readonly datasetFolder: string;
  /** Labelled samples for the calibration of quantized models, none of them held out. */
  readonly calibrationFolder: string;
  readonly dataDescription: string;
  /** Facts to print and to keep in the report, such as accuracies. */
  readonly notes: readonly string[];
}

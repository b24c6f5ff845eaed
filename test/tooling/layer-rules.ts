/** Which folder may import which: the layers of CONTRIBUTING.md as data. */
export interface Layer {
  /** A folder from the root of the repository, without a slash at the end. */
  readonly folder: string;
  /** Folders whose files it may import, itself aside. */
  readonly mayImport: readonly string[];
  /** Single files of other folders that it may import too. */
  readonly mayImportFiles?: readonly string[];
}

export interface LayerRules {
  readonly layers: readonly Layer[];
  /** Packages and built-in modules that one file alone may import. */
  readonly soleImporters: Readonly<Record<string, string>>;
  /** Files whose `import()` of a computed path is theirs to make. */
  readonly mayComputeImports: readonly string[];
}

const ENGINE = [
  'engine/base',
  'engine/graph',
  'engine/devices',
  'engine/memory',
  'engine/runtime',
  'engine/artifacts',
  'engine/service',
];

export const LAYER_RULES: LayerRules = Object.freeze({
  layers: [
    { folder: 'engine/base', mayImport: [] },
    { folder: 'engine/graph', mayImport: ['engine/base'] },
    { folder: 'engine/devices', mayImport: ['engine/base'] },
    { folder: 'engine/memory', mayImport: ['engine/base'] },
    { folder: 'engine/runtime', mayImport: ENGINE.slice(0, 4) },
    { folder: 'engine/artifacts', mayImport: ENGINE.slice(0, 5) },
    { folder: 'engine/service', mayImport: ENGINE.slice(0, 6) },
    { folder: 'hosts', mayImport: ENGINE },
    { folder: 'suites', mayImport: ['hosts', ...ENGINE] },
    { folder: 'tuner', mayImport: ['suites', 'hosts', ...ENGINE] },
    {
      folder: 'reports',
      mayImport: ['engine/base'],
      mayImportFiles: [
        'suites/trial-findings.ts',
        'suites/trial-record.ts',
        'suites/workload-record.ts',
        'tuner/run-record.ts',
        'tuner/compare/comparison.ts',
        // What a recorded bound means is decided once.
        'tuner/constraint.ts',
        'tuner/objective.ts',
        'hosts/host-profile.ts',
        'engine/runtime/engine-config.ts',
        // So is what the memory of a recorded session is.
        'engine/graph/memory-plan/plan-memory.ts',
        'engine/graph/memory-plan/predict-session.ts',
      ],
    },
    { folder: 'cli', mayImport: ['reports', 'tuner', 'suites', 'hosts', ...ENGINE] },
    { folder: 'bin', mayImport: [] },
  ],
  soleImporters: {
    'onnxruntime-node': 'engine/runtime/binding.ts',
    koffi: 'engine/memory/libc.ts',
    '@bufbuild/protobuf': 'engine/graph/wire.ts',
    'node:sqlite': 'tuner/store/sqlite-driver.ts',
  },
  mayComputeImports: ['bin/run-cli.js'],
});

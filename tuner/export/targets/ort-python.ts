import { comments } from '../comment-lines.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { modelFiles } from './app-files.ts';
import { ORT_LEVELS, sessionCoverage, sessionEntries, stringLiteral } from './session-coverage.ts';

export const ortPythonTarget = Object.freeze<ExportTarget>({
  name: 'ort-python',
  summary: "a Python module that opens the runtime's sessions",
  coverage: sessionCoverage({
    replicas: 'REPLICAS sessions',
    intraOpThreads: 'intra_op_num_threads',
    graphLevel: 'graph_optimization_level',
    arena: 'enable_cpu_mem_arena',
    memPattern: 'enable_mem_pattern',
    entries: 'add_session_config_entry',
  }),
  next: ({ tuned }) =>
    `pip install onnxruntime==${tuned.runtime.version}, then: python tuned_session.py`,
  render: (input, head) => [
    { path: 'tuned_session.py', text: `${ENCODING}${comments(head, '#')}\n${python(input)}` },
    ...modelFiles(input),
  ],
});

/** Python looks for the encoding in the first two lines: a model's name could set it. */
const ENCODING = '# -*- coding: utf-8 -*-\n';

function python({ tuned }: ExportInput): string {
  const { config, artifact, runtime } = tuned;
  const flag = (value: boolean): string => (value ? 'True' : 'False');
  const entries = sessionEntries(tuned).map(
    ([key, value]) =>
      `    options.add_session_config_entry(${stringLiteral(key)}, ${stringLiteral(value)})`,
  );
  return `import hashlib
import sys
import warnings
from pathlib import Path

import onnxruntime as ort

MODEL = Path(__file__).with_name("model.onnx")
MODEL_SHA256 = ${stringLiteral(artifact.sha256)}
RUNTIME_VERSION = ${stringLiteral(runtime.version)}
# Sessions that answered at the same time, each called from a thread of its own.
REPLICAS = ${config.replicas}
# Samples in one run.
BATCH_SIZE = ${config.batch.maxSize}


def session_options():
    options = ort.SessionOptions()
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.${ORT_LEVELS[config.graphLevel]}
    options.intra_op_num_threads = ${config.intraOpThreads}
    options.enable_cpu_mem_arena = ${flag(config.arena)}
    options.enable_mem_pattern = ${flag(config.memPattern)}
${entries.join('\n')}
    return options


def open_sessions():
    """Opens the sessions as they were tuned; raises ValueError for another model."""
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    if digest != MODEL_SHA256:
        raise ValueError(f"{MODEL} is not the model that was tuned: SHA-256 {digest}")
    if ort.__version__ != RUNTIME_VERSION:
        warnings.warn(f"tuned with ONNX Runtime {RUNTIME_VERSION}, this is {ort.__version__}")
    return [
        ort.InferenceSession(str(MODEL), session_options(), providers=["CPUExecutionProvider"])
        for _ in range(REPLICAS)
    ]


if __name__ == "__main__":
    sessions = open_sessions()
    for value in sessions[0].get_inputs():
        print(f"input  {value.name}: {value.type} {value.shape}")
    for value in sessions[0].get_outputs():
        print(f"output {value.name}: {value.type} {value.shape}")
    print(f"{len(sessions)} session(s) opened", file=sys.stderr)
`;
}

import { comments } from '../comment-lines.ts';
import { warned } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { modelFiles } from './app-files.ts';
import { ORT_LEVELS, sessionCoverage, sessionEntries, stringLiteral } from './session-coverage.ts';

export const ortCppTarget = Object.freeze<ExportTarget>({
  name: 'ort-cpp',
  summary: "a C++ header that opens the runtime's sessions",
  coverage: {
    ...sessionCoverage({
      replicas: 'kReplicas sessions',
      intraOpThreads: 'SetIntraOpNumThreads',
      graphLevel: 'SetGraphOptimizationLevel',
      arena: 'EnableCpuMemArena, DisableCpuMemArena',
      memPattern: 'EnableMemPattern, DisableMemPattern',
      entries: 'AddConfigEntry',
    }),
    'artifact.sha256': warned(
      ({ tuned }) =>
        `the header does not compute digests: that model.onnx has the SHA-256 ${tuned.artifact.sha256} is for the deployment to check`,
    ),
  },
  next: () => '#include "tuned_session.hpp" and link onnxruntime',
  render: (input, head) => [
    { path: 'tuned_session.hpp', text: `${comments(head, '//')}\n${header(input)}` },
    ...modelFiles(input),
  ],
});

function header({ tuned }: ExportInput): string {
  const { config, artifact, runtime } = tuned;
  const entries = sessionEntries(tuned).map(
    ([key, value]) => `  options.AddConfigEntry(${stringLiteral(key)}, ${stringLiteral(value)});`,
  );
  return `#pragma once

#include <cstring>
#include <iostream>
#include <vector>

#include <onnxruntime_cxx_api.h>

namespace tuned {

inline constexpr const char* kModelSha256 = ${stringLiteral(artifact.sha256)};
inline constexpr const char* kRuntimeVersion = ${stringLiteral(runtime.version)};
// Sessions that answered at the same time, each called from a thread of its own.
inline constexpr int kReplicas = ${config.replicas};
// Samples in one run.
inline constexpr int kBatchSize = ${config.batch.maxSize};

inline Ort::SessionOptions session_options() {
  Ort::SessionOptions options;
  options.SetExecutionMode(ExecutionMode::ORT_SEQUENTIAL);
  options.SetGraphOptimizationLevel(GraphOptimizationLevel::${ORT_LEVELS[config.graphLevel]});
  options.SetIntraOpNumThreads(${config.intraOpThreads});
  options.${config.arena ? 'Enable' : 'Disable'}CpuMemArena();
  options.${config.memPattern ? 'Enable' : 'Disable'}MemPattern();
${entries.join('\n')}
  return options;
}

// Opens the sessions as they were tuned; throws Ort::Exception for a model that does not load.
inline std::vector<Ort::Session> open_sessions(const Ort::Env& env, const ORTCHAR_T* model_path) {
  const char* version = OrtGetApiBase()->GetVersionString();
  if (std::strcmp(version, kRuntimeVersion) != 0) {
    std::cerr << "tuned with ONNX Runtime " << kRuntimeVersion << ", this is " << version << "\\n";
  }
  std::vector<Ort::Session> sessions;
  for (int replica = 0; replica < kReplicas; ++replica) {
    sessions.emplace_back(env, model_path, session_options());
  }
  return sessions;
}

}  // namespace tuned
`;
}

/** What programs that run a tuned model import: `import { Engine, loadTuned } from 'openclaw-harness'`. */
export { UsageError, UserError } from '../engine/base/errors.ts';
export { Engine, type EngineOptions, type InferOptions } from '../engine/runtime/engine.ts';
export type { EngineConfig } from '../engine/runtime/engine-config.ts';
export type { EngineStats } from '../engine/runtime/engine-stats.ts';
export type { Tensor, Tensors, TensorType } from '../engine/runtime/tensor.ts';
export { serveTuned, type ServeTunedOptions, type TunedServer } from './export/app/tuned-server.ts';
export type { Drift } from './export/drift.ts';
export { loadTuned, type LoadedTuned, type LoadTunedOptions } from './export/load-tuned.ts';
export type { Tuned } from './export/tuned.ts';

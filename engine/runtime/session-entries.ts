import { UsageError } from '../base/errors.ts';

/**
 * The session config entries that are known to do something. The runtime
 * accepts unknown keys in silence, so a typing error would be measured as if
 * it had an effect: we refuse them instead. Source: the runtime's
 * onnxruntime_session_options_config_keys.h.
 *
 * `session.set_denormal_as_zero` is left out on purpose: it turns on
 * flush-to-zero for the whole process, JavaScript included.
 */
const KNOWN_ENTRIES: ReadonlyMap<string, EntryKind> = new Map<string, EntryKind>([
  ['session.intra_op.spin_duration_us', 'integer'],
  ['session.intra_op.spin_backoff_max', 'integer'],
  ['session.force_spinning_stop', 'flag'],
  ['session.dynamic_block_base', 'integer'],
  ['session.disable_prepacking', 'flag'],
  ['session.use_memory_mapped_ort_model', 'flag'],
  ['session.x64quantprecision', 'flag'],
  ['session.qdq_matmulnbits_accuracy_level', 'integer'],
  ['optimization.disable_specified_optimizers', 'text'],
  ['optimization.enable_gelu_approximation', 'flag'],
  ['mlas.use_lut_gemm', 'flag'],
  ['mlas.enable_gemm_fastmath_arm64_bfloat16', 'flag'],
]);

/** Entries that double a field of the config and would override it. */
const DOUBLED_ENTRIES: ReadonlyMap<string, string> = new Map([
  ['session.intra_op.allow_spinning', 'spinning'],
  ['session.intra_op_thread_affinities', 'affinity'],
]);

type EntryKind = 'flag' | 'integer' | 'text';

/** Refuses an unknown, doubled or ill-formed session entry, naming the allowed ones. */
export function validateSessionEntries(entries: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(entries)) {
    const field = DOUBLED_ENTRIES.get(key);
    if (field !== undefined) {
      throw new UsageError(`session entry '${key}' doubles the config's '${field}'`, {
        remedy: `set '${field}' instead`,
      });
    }
    const kind = KNOWN_ENTRIES.get(key);
    if (kind === undefined) {
      throw new UsageError(`session entry '${key}' is not known`, {
        remedy: `the runtime would ignore it in silence; known entries: ${[...KNOWN_ENTRIES.keys()].join(', ')}`,
      });
    }
    checkValue(key, kind, value);
  }
}

function checkValue(key: string, kind: EntryKind, value: string): void {
  const ok =
    kind === 'flag'
      ? /^[01]$/.test(value)
      : kind === 'integer'
        ? /^\d+$/.test(value)
        : value !== '';
  if (ok) return;
  const expected = { flag: "'0' or '1'", integer: 'a whole number', text: 'a text' }[kind];
  throw new UsageError(`session entry '${key}' must be ${expected}, not '${value}'`);
}

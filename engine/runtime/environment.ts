/** Variables that change what the runtime does behind the config's back. */
const STRIPPED = ['ORT_LOAD_CONFIG_FROM_MODEL', 'ORT_INTRA_OP_NUM_THREADS'] as const;

/**
 * Makes an environment that the runtime can be measured in: telemetry off, and
 * nothing in it that overrides a config. Works on `process.env` in place only
 * in the main thread and before the first session: the native library reads it
 * once.
 */
export function applyRuntimeEnvironment(environment: NodeJS.ProcessEnv): void {
  environment['ORT_DISABLE_TELEMETRY'] = '1';
  for (const name of STRIPPED) delete environment[name];
}

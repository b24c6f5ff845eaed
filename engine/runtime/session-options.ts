import { UsageError } from '../base/errors.ts';
import { checkAffinity } from './affinity.ts';
import type { EngineConfig, GraphLevel } from './engine-config.ts';
import { validateSessionEntries } from './session-entries.ts';

/** The subset of the binding's session options that it really honours. */
export interface SessionOptions {
  readonly executionProviders: readonly string[];
  readonly graphOptimizationLevel: GraphLevel;
  readonly intraOpNumThreads: number;
  readonly executionMode: 'sequential';
  readonly enableCpuMemArena: boolean;
  readonly enableMemPattern: boolean;
  readonly logSeverityLevel: 0 | 1 | 2 | 3 | 4;
  /** Where the runtime writes the graph as it runs it; a warning goes with levels beyond `extended`. */
  readonly optimizedModelFilePath?: string;
  /** Writes a profile of every run when the session closes, to a file that begins with the prefix. */
  readonly enableProfiling?: boolean;
  readonly profileFilePrefix?: string;
  /** Session config entries; the binding takes strings only. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Errors only: the runtime's warnings go to stderr of whatever embeds us. */
const LOG_ERRORS = 3;

/**
 * Translates a config into the binding's options. Throws UsageError, before
 * anything is loaded, for what this version of the engine cannot apply.
 */
export function toSessionOptions(config: EngineConfig): SessionOptions {
  validateEngineConfig(config);
  return {
    executionProviders: [config.provider],
    graphOptimizationLevel: config.graphLevel,
    intraOpNumThreads: config.intraOpThreads,
    executionMode: 'sequential',
    enableCpuMemArena: config.arena,
    enableMemPattern: config.memPattern,
    logSeverityLevel: LOG_ERRORS,
    extra: {
      ...config.sessionEntries,
      'session.intra_op.allow_spinning': config.spinning ? '1' : '0',
      ...(config.affinity === null
        ? {}
        : { 'session.intra_op_thread_affinities': config.affinity }),
    },
  };
}

/**
 * Refuses a config that cannot be applied as it stands, naming the field and what
 * is allowed. `precision` and `passes` are no matter of the session: they say how
 * the file was made.
 */
export function validateEngineConfig(config: EngineConfig): void {
  if (config.provider !== 'cpu') {
    refuse('provider', config.provider, "'cpu'");
  }
  if (config.isolation === 'process' && process.platform !== 'linux') {
    refuse('isolation', config.isolation, "'inline' or 'thread' on this system");
  }
  if (config.isolation === 'inline' && config.replicas !== 1) {
    throw new UsageError(`config: isolation 'inline' runs one replica, not ${config.replicas}`, {
      remedy: "use isolation 'thread' or 'process' for several replicas",
    });
  }
  if (config.affinity !== null) {
    checkAffinity(config.affinity, { intraOpThreads: config.intraOpThreads });
  }
  validateSessionEntries(config.sessionEntries);
}

function refuse(field: string, value: string, allowed: string): never {
  throw new UsageError(`config: ${field} '${value}' is not available`, {
    remedy: `this version allows ${allowed}`,
  });
}

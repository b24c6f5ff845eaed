import { isDeepStrictEqual } from 'node:util';
import { systemClock, type Clock } from '../base/clock.ts';
import { UserError } from '../base/errors.ts';
import { createSharedFile } from '../memory/shared-file.ts';
import { Arena } from './process/arena.ts';
import { ARENA_LABEL } from './process/descriptors.ts';
import type { OpenedReply, OpenRequest } from './process/messages.ts';
import { openSession } from './process/open-session.ts';
import { ProcessRunner } from './process/process-runner.ts';
import { startReplicaChild, type ReplicaChild } from './process/replica-child.ts';
import {
  DEFAULT_RESTART_POLICY,
  Supervisor,
  type RestartPolicy,
  type SupervisorOptions,
} from './process/supervisor.ts';
import { createReplica, type Replica, type ReplicaOptions } from './replica.ts';
import { toSessionOptions } from './session-options.ts';

export interface ProcessReplicaOptions extends ReplicaOptions {
  /** Default: DEFAULT_RESTART_POLICY. */
  readonly restart?: RestartPolicy;
  /**
   * How much shared memory the tensors of one request may take, inputs and
   * outputs together. It is taken as it is needed, and kept. Default 4 GiB.
   */
  readonly maxArenaBytes?: number;
  /** How long a process may take to load the model. Default 10 minutes. */
  readonly startTimeoutMs?: number;
  /** Called before each start of a process; what it throws is why that one failed. */
  readonly verifyModel?: () => Promise<void>;
  /** Gives up the first start; those after a crash end with `close`. Default: never. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Starts a process that has the shared memory behind a descriptor. */
  readonly startChild?: (arenaFd: number) => Promise<ReplicaChild>;
}

const DEFAULTS = Object.freeze({
  restart: DEFAULT_RESTART_POLICY,
  maxArenaBytes: 4 * 2 ** 30,
  startTimeoutMs: 600_000,
  verifyModel: () => Promise.resolve(),
  clock: systemClock,
  startChild: startReplicaChild,
});

/**
 * A session in a process of its own, Linux only: neither a crash of the runtime
 * nor a run that hangs reaches the caller. Tensors lie in memory that both map:
 * feeds in named shared memory (`createSharedMemory`) are read where they are,
 * others are copied there once. Texts are sent.
 *
 * A process that ends takes the request in flight with it, which is rejected with
 * a ReplicaLostError; another process starts by itself, see `RestartPolicy`. The
 * process ends with the thread that opened it, also when that is killed, and
 * leaves no memory behind. Throws UserError as `createSession` does.
 */
export async function openProcessReplica(options: ProcessReplicaOptions): Promise<Replica> {
  const settings: Settings = { ...DEFAULTS, ...options };
  const request = toOpenRequest(settings);
  const arena = new Arena(createSharedFile(ARENA_LABEL), settings.maxArenaBytes);
  try {
    const model = new OpenedModel();
    const supervision: SupervisorOptions = {
      clock: settings.clock,
      policy: settings.restart,
      start: (signal) => startReady({ settings, request, arena, model, signal }),
    };
    const supervisor = await Supervisor.start(supervision, options.signal);
    const runner = new ProcessRunner({ arena, supervisor, clock: settings.clock });
    return createReplica({
      ...model.metadata(),
      run: (feeds, runOptions) => runner.run(feeds, runOptions),
      release: () => runner.close(),
      health: supervisor,
    });
  } catch (thrown) {
    arena.close();
    throw thrown;
  }
}

type Settings = Required<Omit<ProcessReplicaOptions, 'signal'>>;

function toOpenRequest({ modelPath, config, maxArenaBytes }: Settings): OpenRequest {
  const options = toSessionOptions(config);
  return { kind: 'open', modelPath, options, maxArenaBytes };
}

interface Start {
  readonly settings: Settings;
  readonly request: OpenRequest;
  readonly arena: Arena;
  readonly model: OpenedModel;
  readonly signal: AbortSignal;
}

async function startReady({
  settings,
  request,
  arena,
  model,
  signal,
}: Start): Promise<ReplicaChild> {
  await settings.verifyModel();
  signal.throwIfAborted();
  const child = await settings.startChild(arena.fd);
  const { clock, startTimeoutMs: timeoutMs } = settings;
  const opened = await openSession(child, request, { clock, timeoutMs, signal });
  if (model.accepts(opened)) return child;
  child.kill();
  await child.ended;
  throw new UserError(`${request.modelPath} is not the model any more that was opened`, {
    remedy: 'open the engine again',
  });
}

/** What the model takes and gives: the file may have changed when a process starts anew. */
class OpenedModel {
  #opened: OpenedReply | null = null;

  accepts(opened: OpenedReply): boolean {
    this.#opened ??= opened;
    return isDeepStrictEqual(opened, this.#opened);
  }

  metadata(): Pick<OpenedReply, 'inputs' | 'outputs'> {
    if (this.#opened === null) throw new Error('no process was ready yet');
    const { inputs, outputs } = this.#opened;
    return { inputs, outputs };
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../../base/errors.ts';
import { siblingModule } from '../../base/sibling-module.ts';
import { applyRuntimeEnvironment } from '../environment.ts';
import { REQUESTS_FD } from './descriptors.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameEncoder } from './frames.ts';
import { parseReply, type Reply, type Request } from './messages.ts';
import { ReplicaLostError, type ProcessEnd } from './replica-lost-error.ts';

/** The process of a replica, as long as it lives. */
export interface ReplicaChild {
  readonly pid: number;
  /**
   * One request at a time. Rejects with a ReplicaLostError when the process ends
   * before it answers, and with a UserError for a message that is too large.
   */
  ask(request: Request): Promise<Reply>;
  /** Ends it now, whatever it does. */
  kill(): void;
  /** Lets it end by itself, once it has answered. */
  end(): void;
  /** Resolves when it is gone; never rejects. */
  readonly ended: Promise<ProcessEnd>;
}

const STDERR_KEPT = 4096;

/**
 * Starts the program of a replica, which inherits the memory behind `arenaFd`. It
 * ends with the thread that started it, however that ends. Throws UserError when
 * no process can be started.
 */
export async function startReplicaChild(arenaFd: number): Promise<ReplicaChild> {
  const child = startProgram(arenaFd);
  const pid = child.pid ?? (await failedStart(child));
  const requests = child.stdio[REQUESTS_FD];
  if (!(requests instanceof Socket)) throw new Error('the stream of requests is not a socket');
  // A broken stream is a process that ended: its end tells why.
  requests.on('error', () => undefined);
  return new ConnectedChild(child, pid, requests);
}

function startProgram(arenaFd: number): ChildProcess {
  const environment = { ...process.env };
  applyRuntimeEnvironment(environment);
  const program = fileURLToPath(siblingModule(import.meta.url, './replica-process'));
  try {
    return spawn(process.execPath, [program, String(process.pid)], {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', arenaFd],
    });
  } catch (thrown) {
    throw cannotStart(thrown);
  }
}

/** What is short for the moment is told by an event, the rest is thrown. */
function failedStart(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', (cause) => reject(cannotStart(cause)));
  });
}

function cannotStart(cause: unknown): UserError {
  return new UserError(`the process of a replica cannot be started: ${messageOf(cause)}`, {
    remedy: 'free some memory or allow more processes (ulimit -u)',
    cause,
  });
}

class ConnectedChild implements ReplicaChild {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #requests: Socket;
  readonly #encoder = new FrameEncoder();
  readonly #replies = new FrameReader(parseReply);
  #asked: Asked | null = null;
  #end: ProcessEnd | null = null;
  /** What it said that cannot be right. */
  #nonsense: unknown = undefined;

  constructor(child: ChildProcess, pid: number, requests: Socket) {
    this.pid = pid;
    this.#child = child;
    this.#requests = requests;
    this.ended = endOf(child);
    void this.ended.then((end) => this.#lose(end));
    requests.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  ask(request: Request): Promise<Reply> {
    if (this.#asked !== null) throw new Error('a replica answers one request at a time');
    if (this.#end !== null) return Promise.reject(this.#lost(this.#end));
    const frame = this.#encoder.encode(request);
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#requests.write(frame);
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  end(): void {
    this.#requests.end();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#replies.push(chunk)) {
        this.#asked?.resolve(reply);
        this.#asked = null;
      }
    } catch (thrown) {
      // Its memory is not what it was: what it would say next cannot be trusted either.
      this.#nonsense ??= thrown;
      this.kill();
    }
  }

  #lose(end: ProcessEnd): void {
    this.#end = end;
    this.#asked?.reject(this.#lost(end));
    this.#asked = null;
  }

  #lost(end: ProcessEnd): ReplicaLostError {
    return new ReplicaLostError('ended', this.pid, end, this.#nonsense);
  }
}

interface Asked {
  resolve(reply: Reply): void;
  reject(error: ReplicaLostError): void;
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  return new Promise((resolve) => {
    // Once its streams are read to their end: what it said last is the reason.
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stderr }));
  });
}

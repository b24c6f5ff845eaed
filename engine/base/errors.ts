/**
 * A failure that the person at the keyboard can act on. It is shown as one
 * message, without a stack trace: what was given, what must hold, what to do.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** Process exit code: 1 failed, 2 usage, 4 nothing meets the constraints. */
  readonly exitCode: 1 | 2 | 4;
  /** What to do about it; shown after the message. */
  readonly remedy: string | undefined;

  constructor(
    message: string,
    options: { exitCode?: 1 | 2 | 4; remedy?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.remedy = options.remedy;
  }
}

/** The command was asked for something that it does not understand: exit code 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';

  constructor(message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, { ...options, exitCode: 2 });
  }
}

/** The text of anything that was thrown, without a stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error (`ENOENT`, `ENOSPC`, ...), or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

import { UserError } from '../base/errors.ts';

/** A file that is not an ONNX model, or is damaged. */
export class InvalidModelError extends UserError {
  override readonly name = 'InvalidModelError';
  /** Where reading stopped, or null when the file as a whole is wrong. */
  readonly offset: number | null;

  constructor(
    complaint: string,
    options: { source: string; offset?: number; remedy?: string; cause?: unknown },
  ) {
    const where = options.offset === undefined ? '' : ` (at byte ${options.offset})`;
    super(`${options.source} is not a valid ONNX model: ${complaint}${where}`, {
      remedy: options.remedy ?? 'check that the file is complete and was written as ONNX',
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.offset = options.offset ?? null;
  }
}

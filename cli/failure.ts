import { messageOf, UserError } from '../engine/base/errors.ts';

/** Shows a failure as one message, and returns the exit code. A stack trace only under CLAW_DEBUG=1. */
export function showFailure(thrown: unknown, options: { readonly json: boolean }): number {
  const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
  const exitCode = thrown instanceof UserError ? thrown.exitCode : 1;
  const message =
    thrown instanceof UserError ? thrown.message : `unexpected failure: ${messageOf(thrown)}`;
  console.error(`claw: ${message}`);
  if (remedy !== undefined) console.error(`  ${remedy}`);
  if (process.env['CLAW_DEBUG'] === '1') console.error(thrown);
  if (options.json)
    console.log(JSON.stringify({ error: message, remedy: remedy ?? null, exitCode }));
  return exitCode;
}

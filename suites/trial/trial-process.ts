import { UserError, messageOf } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { measureTrial } from './measure.ts';
import { trialSpecSchema, type TrialReply } from './trial-spec.ts';

// The program of one trial: a spec comes in as the first message, one reply
// goes out, the process ends. It lives in a process of its own because a run
// of the runtime can be stopped only by killing its process.

// A terminal's Ctrl-C reaches the whole group; the parent decides what to do.
process.on('SIGINT', () => undefined);

// Without a parent there is nobody to measure for. A plain exit would abort
// while a worker infers.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

process.once('message', (message) => {
  void reply(message).then((answer) => {
    process.send?.(answer, () => {
      process.removeAllListeners('disconnect');
      process.disconnect();
    });
  });
});

async function reply(message: unknown): Promise<TrialReply> {
  try {
    const spec = parseAs(message, trialSpecSchema, 'the trial was given a wrong spec');
    return await measureTrial(spec, {
      nowMs: () => performance.now(),
      unixMs: () => performance.timeOrigin + performance.now(),
      files: systemFiles(),
    });
  } catch (thrown) {
    const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
    return {
      kind: 'failed',
      message: remedy === undefined ? messageOf(thrown) : `${messageOf(thrown)}; ${remedy}`,
    };
  }
}

import { systemClock } from '../../engine/base/clock.ts';
import { parseAs } from '../../engine/base/json.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { serveChildTask } from '../../engine/runtime/child-task.ts';
import { measureTrial } from './measure.ts';
import { trialSpecSchema } from './trial-spec.ts';

// The program of one trial: a spec comes in, one reply goes out.
serveChildTask(async (message) => {
  const spec = parseAs(message, trialSpecSchema, 'the trial was given a wrong spec');
  return measureTrial(spec, { clock: systemClock, files: systemFiles() });
});

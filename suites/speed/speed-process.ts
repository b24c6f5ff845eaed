import { serveChildTask } from '../../engine/runtime/child-task.ts';
import { compareSpeed, type SpeedJob } from './compare-speed.ts';

// The program that times two models; the job comes from our own process.
serveChildTask(async (message) => ({
  kind: 'timed',
  comparison: await compareSpeed(message as SpeedJob),
}));

import type { TrialSpec } from '../../../../suites/trial/trial-spec.ts';

// A trial's program that goes wrong in the way that the model's path names.
process.once('message', (message) => {
  const { modelPath } = message as TrialSpec;
  switch (modelPath) {
    case 'exit':
      process.stderr.write('something broke\n', () => process.exit(3));
      break;
    case 'abort':
      process.abort();
      break;
    case 'killed':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'hang':
      setInterval(() => undefined, 1000);
      break;
    case 'out-of-memory':
      process.stderr.write("terminate called after throwing 'std::bad_alloc'\n", () =>
        process.abort(),
      );
      break;
    case 'refuse':
      process.send?.({ kind: 'failed', message: 'the model is strange' }, () =>
        process.disconnect(),
      );
      break;
    case 'lose-replica':
      process.send?.(
        { kind: 'failed', message: 'the replica was lost: process 7 ended with signal SIGKILL' },
        () => process.disconnect(),
      );
      break;
    case 'nonsense':
      process.send?.({ kind: 'completed', metrics: 'many' }, () => process.disconnect());
      break;
    default:
      throw new Error(`no such misbehaviour: ${modelPath}`);
  }
});

import { parseArgs } from 'node:util';
import { falseAlarms, foundCreeps, foundSteps } from './programs/nightly-aims.ts';
import { realNights } from './programs/nightly-real.ts';

// Whether nights find what they should and nothing else: `npm run bench:nightly` on
// simulated histories, and with `--real` on this machine, with a model that is made slower.
const { values } = parseArgs({ options: { real: { type: 'boolean', default: false } } });

if (values.real) {
  await realNights();
} else {
  for (const noise of ['normal', 'heavy-tailed'] as const) {
    falseAlarms(noise, true);
    foundSteps(noise);
    foundCreeps(noise);
  }
  // An outlier that lasts the whole night cannot be denied by measuring again that night.
  falseAlarms('heavy-nights', false);
}

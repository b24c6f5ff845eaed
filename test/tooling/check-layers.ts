/** `node test/tooling/check-layers.ts [ROOT]`: prints what breaks the layer rules; exits 1 if any. */
import { resolve } from 'node:path';
import { LAYER_RULES } from './layer-rules.ts';
import { findViolations } from './layers.ts';

const root = resolve(process.argv[2] ?? '.');
const violations = findViolations(root, LAYER_RULES);
for (const violation of violations) process.stderr.write(`${violation}\n`);
if (violations.length > 0) {
  process.stderr.write(`${violations.length} import(s) break the rules of layer-rules.ts\n`);
  process.exitCode = 1;
}

import { z } from 'zod';
import { SUITES } from '../../suites/registry.ts';

/** `claw suites`. */
export function suites(rawOptions: unknown): number {
  const { json } = z.object({ json: z.boolean().optional() }).parse(rawOptions);
  const rows = SUITES.map(({ name, summary, defaultSlo }) => ({ name, summary, defaultSlo }));
  if (json === true) {
    console.log(JSON.stringify(rows));
    return 0;
  }
  for (const { name, summary, defaultSlo } of rows) {
    console.log(`${name}  ${summary} (default bound: ${defaultSlo})`);
  }
  return 0;
}

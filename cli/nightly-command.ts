import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** This very claw as a command: for units that start it, and for children of a night. */
export function clawCommand(): readonly string[] {
  // Beside the sources, and above `dist` in the built package.
  const places = ['../bin/claw.js', '../../bin/claw.js'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const launcher = places.find((path) => existsSync(path));
  if (launcher === undefined) throw new Error(`no bin/claw.js beside ${import.meta.url}`);
  return [process.execPath, launcher];
}

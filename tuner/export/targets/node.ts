import type { ExportTarget } from '../export-target.ts';
import { APP_COVERAGE, engineFiles } from './app-files.ts';

export const nodeTarget = Object.freeze<ExportTarget>({
  name: 'node',
  summary: 'a module that opens the engine in Node',
  coverage: APP_COVERAGE,
  next: () => "npm install, then: import { openEngine } from './engine.mjs'",
  render: engineFiles,
});

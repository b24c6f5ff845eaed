import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Vega for the page: the library's own bundle and the licence that travels with it. */
export interface VegaRuntime {
  readonly script: string;
}

let loading: Promise<VegaRuntime> | undefined;

/** Reads the bundle once a process; every page embeds the same text. */
export function loadVegaRuntime(): Promise<VegaRuntime> {
  loading ??= readRuntime();
  return loading;
}

async function readRuntime(): Promise<VegaRuntime> {
  // The package's exports name the module alone; the bundle lies beside it.
  const build = dirname(createRequire(import.meta.url).resolve('vega'));
  const bundle = await readFile(join(build, 'vega.min.js'), 'utf8');
  const licence = await readFile(join(build, '..', 'LICENSE'), 'utf8');
  const notice = `/* Vega (https://vega.github.io), which includes parts of D3\n   (copyright Mike Bostock, ISC licence).\n${licence.replaceAll('*/', '* /')}*/\n`;
  // In a script string `<\/script` means the same and does not end the element.
  const script = (notice + bundle)
    .replaceAll('</script', '<\\/script')
    .replaceAll('<!--', '<\\!--');
  return { script };
}

/**
 * The URL of a module that a worker or a child process loads by name: `.ts`
 * beside the sources, `.js` beside the built package.
 */
export function siblingModule(importMetaUrl: string, specifier: string): URL {
  const extension = importMetaUrl.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`${specifier}${extension}`, importMetaUrl);
}

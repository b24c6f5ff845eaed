/** What a reader sees of a page: its text without markup, scripts and specifications, entities as written. */
export function textOf(page: string): string {
  return page
    .replaceAll(/<(script|style)[^]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

/**
 * Lines as comments, each with the mark before it. What stands in them comes from outside: a
 * line break would end a comment, and a backslash at its end (in old C++ also its trigraph)
 * would draw the next line into it, in C++ and in environment files of systemd before 254.
 */
export function comments(lines: readonly string[], mark: string): string {
  return lines.map((line) => `${mark} ${oneLine(line)}`.replace(/(\s|\\|\?\?\/)+$/, '')).join('\n');
}

/** The text with every run of control characters and line separators as one space. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** What a deployer has to know, in words. */
export interface VerdictText {
  /** Decides the colour: a proven gain, no change, no answer yet, or a failure. */
  readonly tone: 'gain' | 'stay' | 'pending' | 'failure';
  /** The figure that is shown large, when there is a proven one. */
  readonly figure: { readonly value: string; readonly caption: string } | undefined;
  readonly headline: string;
  readonly details: readonly string[];
}

/** Texts as sentences: a capital first, a full stop last; empty ones are left out. */
export function sentences(...texts: readonly string[]): readonly string[] {
  return texts.filter((text) => text !== '').map(withStop);
}

function withStop(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** Keeps a number and its noun on one line of a large heading. */
export function withoutLooseNumbers(headline: string): string {
  return headline
    .replaceAll(/(\d) (replica|thread|samples|times|ms|s|KiB|MiB|GiB|%)/g, '$1\u00a0$2')
    .replaceAll(/(batch|p\d\d) (\d)/g, '$1\u00a0$2');
}

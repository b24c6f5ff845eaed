/**
 * Markup that may go into a page as it is. Only the functions of this file make
 * it, so text that was not written here is always escaped: model names, paths
 * and error messages come from outside.
 */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[];

/** Escapes every interpolated string; `null`, `undefined` and `false` leave nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  values.forEach((value, index) => {
    markup += markupOf(value) + (strings[index + 1] ?? '');
  });
  return new Html(markup);
}

/** Vouches for markup that was escaped elsewhere, such as a drawn SVG. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

const ENTITIES: Readonly<Record<string, string>> = Object.freeze({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
});

/** Text for element content and for quoted attributes alike. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * JSON for a `<script type="application/json">`. Inside a script element the
 * HTML parser looks only for `</script` and `<!--`; with every `<` written as
 * \u003c neither can occur. A number that JSON would turn into null is refused:
 * whoever built the value has to leave it out.
 */
export function scriptJson(value: unknown): Html {
  const json = JSON.stringify(value, (key, item: unknown) => {
    if (typeof item === 'number' && !Number.isFinite(item)) {
      throw new RangeError(`'${key}' is ${item}: only finite numbers can be written as JSON`);
    }
    return item;
  });
  return new Html(json.replace(/</g, '\\u003c'));
}

function markupOf(value: HtmlValue): string {
  if (value instanceof Html) return value.markup;
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  return value.map(markupOf).join('');
}

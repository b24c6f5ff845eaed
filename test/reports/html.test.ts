import { expect, test } from 'vitest';
import { escapeText, html, scriptJson, trusted } from '../../reports/html.ts';

test('interpolated text is escaped in content and in attributes', () => {
  const name = `"><script>alert('x')</script>&`;
  expect(html`<p title="${name}">${name}</p>`.markup).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">' +
      '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</p>',
  );
});

test('markup from the tag itself and vouched markup are not escaped again', () => {
  const items = [html`<li>a</li>`, trusted('<li>b</li>')];
  expect(html`${items}`.markup).toBe('<li>a</li><li>b</li>');
});

test('an object that only looks like markup is not taken for it', () => {
  const forged = { markup: '<b>' } as unknown as string;
  expect(() => html`<p>${forged}</p>`).toThrow(TypeError);
});

test('null, undefined and false leave nothing; 0 and the empty string stay what they are', () => {
  expect(html`[${null}${undefined}${false}${0}${''}]`.markup).toBe('[0]');
});

test('escapeText leaves plain text alone', () => {
  expect(escapeText('2 replicas × 1 thread')).toBe('2 replicas × 1 thread');
});

test('JSON in a script can neither close it nor open a comment', () => {
  const value = { name: '</script><!--<script>', '</script>': 1 };
  const { markup } = scriptJson(value);
  expect(markup).not.toContain('<');
  expect(JSON.parse(markup)).toEqual(value);
});

test.each([Number.NaN, Infinity, -Infinity])('%s is refused as JSON, with its key', (number) => {
  expect(() => scriptJson({ rows: [{ qps: number }] })).toThrow(`'qps' is ${number}`);
});

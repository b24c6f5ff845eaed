import { parseSync, Visitor, type Node } from 'oxc-parser';

/**
 * Lines of a test where a regular expression stands for a text inside `toMatchObject`.
 * vitest then compares the expression's own fields, of which it has none, and so passes
 * whatever the text is: `expect.stringMatching` is meant.
 */
export function regexMatchersOf(path: string, text: string): readonly number[] {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const found: number[] = [];
  new Visitor({
    CallExpression: (node) => {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      if (callee.property.name !== 'toMatchObject') return;
      for (const argument of node.arguments) found.push(...expressionsIn(argument));
    },
  }).visit(parsed.program);
  return found.map((start) => text.slice(0, start).split('\n').length);
}

/** Where regular expressions stand in a literal; what a call is given is that call's matter. */
function expressionsIn(node: Node | null): number[] {
  if (node === null) return [];
  if (node.type === 'Literal') return 'regex' in node ? [node.start] : [];
  return partsOf(node).flatMap((part) => expressionsIn(part));
}

function partsOf(node: Node): readonly (Node | null)[] {
  if (node.type === 'ObjectExpression') return node.properties;
  if (node.type === 'Property') return [node.value];
  if (node.type === 'ArrayExpression') return node.elements;
  if (node.type === 'ConditionalExpression') return [node.consequent, node.alternate];
  return node.type === 'TSAsExpression' ? [node.expression] : [];
}

/** A message of the protobuf text format: the values of each field, in order. */
export interface TextMessage {
  readonly [field: string]: readonly TextValue[];
}
export type TextValue = string | number | TextMessage;

const TOKEN = /\s+|#[^\n]*|("(?:[^"\\\n]|\\.)*")|([{}[\]:,])|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)/y;

/**
 * Parses the part of the text format that model configurations use: scalars, messages and
 * lists. Throws where a text is none (https://protobuf.dev/reference/protobuf/textformat-spec).
 */
export function parseProtobufText(text: string): TextMessage {
  const tokens = tokenize(text);
  const message = parseMessage(tokens, undefined);
  if (tokens.length > 0) throw new Error(`unexpected '${tokens[0]}'`);
  return message;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`cannot be read: ${text.slice(start, start + 20)}`);
    if (!/^[\s#]/.test(match[0])) tokens.push(match[0]);
  }
  return tokens;
}

function parseMessage(tokens: string[], end: string | undefined): TextMessage {
  const fields: Record<string, TextValue[]> = {};
  while (tokens[0] !== end) {
    const name = tokens.shift();
    if (name === undefined || !/^[A-Za-z_]/.test(name)) throw new Error(`'${name}' is no field`);
    const hasColon = tokens[0] === ':';
    if (hasColon) tokens.shift();
    const values = parseValues(tokens);
    if (!hasColon && values.some((value) => typeof value !== 'object')) {
      throw new Error(`${name} needs a colon`);
    }
    (fields[name] ??= []).push(...values);
  }
  tokens.shift();
  return fields;
}

function parseValues(tokens: string[]): TextValue[] {
  if (tokens[0] !== '[') return [parseValue(tokens)];
  tokens.shift();
  const values: TextValue[] = [];
  if (tokens.at(0) === ']') {
    tokens.shift();
    return values;
  }
  for (let next: string | undefined = ','; next === ',';) {
    values.push(parseValue(tokens));
    next = tokens.shift();
    if (next !== ',' && next !== ']') throw new Error('a list needs commas and an end');
  }
  return values;
}

function parseValue(tokens: string[]): TextValue {
  const token = tokens.shift() ?? '';
  if (token === '{') return parseMessage(tokens, '}');
  if (token.startsWith('"')) return token.slice(1, -1);
  if (/^-?\d/.test(token)) return Number(token);
  if (/^[A-Za-z_]/.test(token)) return token;
  throw new Error(`'${token}' is no value`);
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const ATTRIBUTE = /\s+([A-Za-z]+)="([^"<]*)"/y;

/**
 * Reads the XML that has elements and quoted attributes alone, by the productions of XML
 * 1.0, and throws at whatever they do not allow: an independent reader for what is written.
 */
export function readStrictXml(text: string): XmlElement {
  // Production 2: the characters that a document may hold at all.
  const wrong = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.exec(text);
  if (wrong !== null) throw new Error(`no XML character at ${wrong.index}`);
  const start = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!text.startsWith(start)) throw new Error('no XML declaration');
  const root: XmlElement = { name: '', attributes: {}, children: [] };
  const open = [root];
  const tag = /\s*<(\/?)([a-z]+)((?:\s+[A-Za-z]+="[^"<]*")*)\s*(\/?)>\s*/y;
  for (tag.lastIndex = start.length; tag.lastIndex < text.length;) {
    const at = tag.lastIndex;
    const [, closing, name = '', rest = '', empty] = tag.exec(text) ?? [];
    if (name === '') throw new Error(`no tag at ${at}: ${text.slice(at, at + 40)}`);
    const last = open.at(-1) ?? root;
    if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const element = { name, attributes: attributesOf(rest), children: [] };
    last.children.push(element);
    if (empty !== '/') open.push(element);
  }
  const [only, ...others] = root.children;
  if (only === undefined || others.length > 0 || open.length > 1)
    throw new Error('not one element');
  return only;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (ATTRIBUTE.lastIndex = 0; ATTRIBUTE.lastIndex < text.length;) {
    const [, name = '', value = ''] = ATTRIBUTE.exec(text) ?? [];
    if (name === '' || name in attributes) throw new Error(`a wrong attribute in ${text}`);
    attributes[name] = value.replaceAll(/&([^;]*;?)/g, (_, entity: string) => {
      const character = ENTITIES[entity.slice(0, -1)];
      if (character === undefined) throw new Error(`no entity &${entity}`);
      return character;
    });
  }
  return attributes;
}

import type { HostComparison } from '../../tuner/compare/comparison.ts';
import { answers, breakEvenRows, footingText, headline } from './comparison-text.ts';
import { figureRows } from './host-figures.ts';

/** The tables of a comparison as Markdown: the hosts are the columns. */
export function comparisonMarkdown(comparison: HostComparison): string {
  const { hosts, model, runtime, flags, breakEvens } = comparison;
  const rows = figureRows(comparison).map(({ title, cells, best }) => [
    title,
    ...cells.map((text, index) => (index === best ? `**${escaped(text)}**` : escaped(text))),
  ]);
  const notes = hosts.flatMap(({ id, notes: own }) =>
    own.map((note) => `- ${escaped(`${id}: ${note}`)}`),
  );
  const blocks = [
    `# ${escaped(headline(comparison))}`,
    escaped(`${model.name}, ${runtime}; ${footingText(comparison)}.`),
    answers(comparison)
      .map((text) => `- ${escaped(text)}`)
      .join('\n'),
    table([['', ...hosts.map(({ id }) => escaped(id))], ...rows]),
    ...breakEvens.map((even) =>
      [
        `## What would make ${escaped(even.challenger)} as cheap as ${escaped(even.leader)}`,
        '',
        table([
          ['One thing changed', 'At'],
          ...breakEvenRows(comparison, even).map(({ what, at }) => [escaped(what), escaped(at)]),
        ]),
      ].join('\n'),
    ),
    [...flags.map((flag) => `- ${escaped(flag)}`), ...notes].join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Names come from outside: they must neither end a cell nor begin markup. */
function escaped(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\|`*_<>[\]#]/g, (mark) => `\\${mark}`);
}

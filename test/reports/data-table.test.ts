import { expect, test } from 'vitest';
import { type Column, dataTable } from '../../reports/tables/data-table.ts';

interface Row {
  readonly name: string;
  readonly level: string;
  readonly qps: number | null;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Name', numeric: false, cell: ({ name }) => ({ content: name, sort: name }) },
  { title: 'Level', numeric: false, cell: ({ level }) => ({ content: level, sort: level }) },
  {
    title: 'QPS',
    numeric: true,
    cell: ({ qps }) => ({ content: qps === null ? '–' : `${qps}/s`, sort: qps }),
  },
];

const row = (name: string, qps: number | null): Row => ({ name, level: 'all', qps });

test('a column that never varies leaves the table and is given back with its value', () => {
  const { table, constants } = dataTable(COLUMNS, [row('a', 1), row('b', 2)], { caption: 'rows' });
  expect(table.markup).not.toContain('Level');
  expect(constants).toEqual([{ title: 'Level', content: 'all' }]);
});

test.each(['', '–'])("a column that is '%s' everywhere says nothing", (level) => {
  const rows = [row('a', 1), row('b', 2)].map((one) => ({ ...one, level }));
  const { table, constants } = dataTable(COLUMNS, rows, { caption: 'rows' });
  expect(table.markup).not.toContain('Level');
  expect(constants).toEqual([]);
});

test('a single row keeps every column', () => {
  const { table, constants } = dataTable(COLUMNS, [row('a', 1)], { caption: 'rows' });
  expect(table.markup).toContain('Level');
  expect(constants).toEqual([]);
});

test('a column that must stay stays', () => {
  const kept = COLUMNS.map((column) => ({ ...column, keep: true }));
  expect(dataTable(kept, [row('a', 1), row('b', 2)], { caption: 'rows' }).constants).toEqual([]);
});

test('cells carry what they sort by where their text does not say it', () => {
  const { markup } = dataTable(COLUMNS, [row('a', 1234.5678), row('b', null)], {
    caption: 'rows',
  }).table;
  expect(markup).toContain('data-sort="1234.57"');
  expect(markup).toMatch(/<td class="number">–<\/td>/);
  expect(markup).not.toContain('data-sort="a"');
});

test('cells are escaped', () => {
  const { markup } = dataTable(COLUMNS, [row('<img src=x>', 1), row('b', 2)], {
    caption: '<i>',
  }).table;
  expect(markup).not.toContain('<img');
  expect(markup).not.toContain('<i>');
});

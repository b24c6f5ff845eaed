import { NOTHING } from '../figure-format.ts';
import { html, type Html, type HtmlValue } from '../html.ts';

/** One cell: what it shows, and what it sorts by (`null` sorts last). */
export interface Cell {
  readonly content: HtmlValue;
  readonly sort: string | number | null;
}

export interface Column<Row> {
  readonly title: string;
  /** The title where there is room for it, outside the table. */
  readonly fullTitle?: string;
  /** Numbers are right-aligned and sort from the largest. */
  readonly numeric: boolean;
  /** Stays although every row has the same value. */
  readonly keep?: boolean;
  readonly cell: (row: Row) => Cell;
}

export interface DataTable {
  readonly table: Html;
  /** Columns that were left out because every row agrees, with the value where there is one. */
  readonly constants: readonly { readonly title: string; readonly content: HtmlValue }[];
}

/** A table that scripts can sort; columns that never vary are given back instead of shown. */
export function dataTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { caption: string; rowClass?: (row: Row) => string },
): DataTable {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const constant = columns.map(({ keep }, index) => keep !== true && isConstant(cells, index));
  const shown = [...columns.keys()].filter((index) => constant[index] !== true);
  const classOf = options.rowClass ?? (() => '');
  const table = html`<table class="data" data-sortable>
    <caption class="sr">
      ${options.caption}
    </caption>
    <thead>
      <tr>
        ${shown.map((index) => header(columns[index]))}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row, place) =>
          html`<tr${attribute('class', classOf(row))}>${shown.map((index) =>
            body(cells[place]?.[index], columns[index]),
          )}</tr>\n`,
      )}
    </tbody>
  </table>`;
  return { table, constants: constantsOf(columns, cells[0], constant) };
}

function constantsOf<Row>(
  columns: readonly Column<Row>[],
  first: readonly Cell[] | undefined,
  constant: readonly boolean[],
): DataTable['constants'] {
  return columns.flatMap(({ title, fullTitle }, index) => {
    const content = first?.[index]?.content;
    if (constant[index] !== true || content === NOTHING || content === '') return [];
    return [{ title: fullTitle ?? title, content }];
  });
}

/** One row agrees with itself, which says nothing: such a table keeps its columns. */
function isConstant(cells: readonly (readonly Cell[])[], index: number): boolean {
  const first = cells[0]?.[index]?.sort;
  return cells.length > 1 && cells.every((row) => row[index]?.sort === first);
}

function header<Row>(column: Column<Row> | undefined): Html {
  const kind = column?.numeric === true ? 'number' : 'text';
  return html`<th scope="col" class="${kind}" data-kind="${kind}">${column?.title}</th>`;
}

function body<Row>(cell: Cell | undefined, column: Column<Row> | undefined): Html {
  const kind = column?.numeric === true ? html` class="number"` : '';
  const key = sortKey(cell);
  return html`<td${kind}${attribute('data-sort', key)}>${cell?.content}</td>`;
}

/** Left out where the text of the cell sorts just as well, which keeps large tables small. */
function sortKey(cell: Cell | undefined): string {
  const sort = cell?.sort ?? null;
  if (sort === null || (typeof sort === 'number' && !Number.isFinite(sort))) return '';
  const text = String(typeof sort === 'number' ? Number(sort.toPrecision(6)) : sort);
  return text === cell?.content ? '' : text;
}

function attribute(name: string, value: string): Html {
  return value === '' ? html`` : html` ${name}="${value}"`;
}

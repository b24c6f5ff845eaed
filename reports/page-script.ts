/**
 * What a page does when scripts run: live charts in place of the drawn ones,
 * tooltips, and tables that sort by their headers. Text is only ever set as
 * text. A chart that cannot come to life stays as it was drawn.
 */
export const PAGE_SCRIPT = `'use strict';
(() => {
  const tooltip = document.createElement('div');
  tooltip.id = 'tooltip';
  tooltip.hidden = true;
  tooltip.setAttribute('role', 'tooltip');
  document.body.append(tooltip);
  let printing = false;

  function showTooltip(handler, event, item, value) {
    if (value === null || value === undefined || value === '') {
      tooltip.hidden = true;
      return;
    }
    tooltip.replaceChildren(...Object.entries(Object(value)).map(([name, text]) => {
      const row = document.createElement('div');
      const term = document.createElement('span');
      const figure = document.createElement('b');
      term.textContent = name;
      figure.textContent = String(text);
      row.append(term, figure);
      return row;
    }));
    tooltip.hidden = false;
    const box = tooltip.getBoundingClientRect();
    const right = event.clientX + 14 + box.width > innerWidth - 8;
    const below = event.clientY + 14 + box.height > innerHeight - 8;
    tooltip.style.left = Math.max(8, right ? event.clientX - 14 - box.width : event.clientX + 14) + 'px';
    tooltip.style.top = Math.max(8, below ? event.clientY - 14 - box.height : event.clientY + 14) + 'px';
  }

  function smallestWidth(chart) {
    return chart.closest('.panels') === null ? 330 : 220;
  }

  async function enliven(chart) {
    const spec = JSON.parse(document.getElementById(chart.dataset.spec).textContent);
    const holder = document.createElement('div');
    const view = new vega.View(vega.parse(spec), { renderer: 'svg', logLevel: vega.Error })
      .tooltip(showTooltip)
      .hover()
      .initialize(holder);
    const fit = () => view.width(Math.max(chart.clientWidth, smallestWidth(chart))).runAsync();
    await fit();
    chart.replaceChildren(holder);
    chart.dataset.live = 'true';
    let width = chart.clientWidth;
    new ResizeObserver(() => {
      if (chart.clientWidth === width || printing) return;
      width = chart.clientWidth;
      void fit();
    }).observe(chart);
    // Paper is narrower than most windows: drawn for it, the letters keep their size.
    addEventListener('beforeprint', () => {
      printing = true;
      view.width(chart.closest('.panels') === null ? 720 : 240).run();
    });
    addEventListener('afterprint', () => {
      printing = false;
      void fit();
    });
  }

  function keyOf(row, column, numeric) {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent;
    if (!numeric) return text === '' ? null : text;
    const value = Number(text);
    return text === '' || Number.isNaN(value) ? null : value;
  }

  function sortBy(table, header) {
    const numeric = header.dataset.kind === 'number';
    const before = header.getAttribute('aria-sort');
    const first = numeric ? 'descending' : 'ascending';
    const second = numeric ? 'ascending' : 'descending';
    const order = before === first ? second : first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', order);
    const sign = order === 'ascending' ? 1 : -1;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, key: keyOf(row, header.cellIndex, numeric) }));
    rows.sort((left, right) => {
      if (left.key === null || right.key === null) return (left.key === null) - (right.key === null);
      return sign * (numeric ? left.key - right.key : left.key.localeCompare(right.key, 'en', { numeric: true }));
    });
    body.append(...rows.map(({ row }) => row));
  }

  for (const table of document.querySelectorAll('table[data-sortable]')) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...header.childNodes);
      button.addEventListener('click', () => sortBy(table, header));
      header.append(button);
    }
  }

  (async () => {
    for (const chart of document.querySelectorAll('.chart[data-spec]')) {
      await enliven(chart).catch((thrown) => console.error('the chart stays as drawn:', thrown));
    }
    document.documentElement.dataset.ready = 'true';
  })();
})();
`;

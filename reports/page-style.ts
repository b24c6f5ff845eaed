/** The page's style sheet. Colours are variables, so that the charts follow the scheme too. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f7f8; --ink: #1b2126; --muted: #5b6670; --line: #dfe3e7;
  --accent: #0b6e8f; --accent-wash: #e8f3f6; --alarm: #b3401f; --dot: #8d99a3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --panel: #1c2125; --ink: #e6eaed; --muted: #9aa6af; --line: #333b41;
    --accent: #56bfe0; --accent-wash: #15303a; --alarm: #f0926f; --dot: #76828c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 16px; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
.page { max-width: 1100px; margin: 0 auto; padding: 28px 30px 64px; }
h1, h2, h3, p, dl, dd, figure, table { margin: 0; }
h1 { font-size: 26px; line-height: 1.28; font-weight: 600; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 19px; line-height: 1.3; font-weight: 600; }
h3 { font-size: 15px; font-weight: 600; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
small { font-size: 0.87em; color: var(--muted); font-weight: 400; }
code { font: 0.92em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
section { margin-top: 48px; }
section > h2 + * { margin-top: 6px; }
.lead { color: var(--muted); max-width: 78ch; }
.note { color: var(--muted); font-size: 13px; margin-top: 8px; max-width: 90ch; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.masthead { display: flex; flex-wrap: wrap; gap: 4px 20px; justify-content: space-between; color: var(--muted); font-size: 13px; }
.masthead b { color: var(--ink); font-weight: 600; }
.contents { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: 26px; padding-top: 10px; border-top: 1px solid var(--line); font-size: 13px; }

.verdict { margin-top: 26px; padding-left: 18px; border-left: 4px solid var(--muted); display: grid; gap: 10px 32px; }
.verdict.gain { border-color: var(--accent); }
.verdict.failure { border-color: var(--alarm); }
.verdict .figure { color: var(--accent); font-size: 52px; line-height: 1; font-weight: 650; letter-spacing: -0.02em; white-space: nowrap; }
.verdict .figure span { display: block; margin-top: 8px; font-size: 13px; line-height: 1.4; font-weight: 400; letter-spacing: 0; color: var(--muted); white-space: normal; max-width: 22ch; }
.verdict .details { margin-top: 8px; color: var(--muted); max-width: 80ch; }
@media (min-width: 760px) { .verdict.with-figure { grid-template-columns: auto 1fr; } }

.banner { margin-top: 18px; padding: 10px 14px; border: 1px solid var(--alarm); border-radius: 6px; }
.banner b { color: var(--alarm); }

.sides { display: grid; gap: 28px 44px; margin-top: 32px; }
@media (min-width: 860px) { .sides { grid-template-columns: 6fr 5fr; } }
.sides > div { min-width: 0; overflow-x: auto; }

table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 10px 5px 0; vertical-align: top; font-weight: 400; }
thead th { color: var(--muted); font-size: 13px; }
tbody tr { border-top: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
th, td { overflow-wrap: break-word; }
.settings td, .message { overflow-wrap: anywhere; }
.compare caption { text-align: left; font-weight: 600; font-size: 15px; padding-bottom: 2px; }
.compare th[scope=row] { color: var(--muted); }
.compare td, .compare thead th { padding-left: 4px; }
.compare .after { color: var(--accent); font-weight: 600; }
.compare .change { color: var(--muted); white-space: nowrap; }
.compare strong { font-weight: 650; }
.compare .interval { display: block; white-space: nowrap; }
.compare caption + * { font-size: 13px; }
.compare tr.differs > * { background: var(--accent-wash); }
.compare tr.differs th { color: var(--ink); box-shadow: inset 3px 0 var(--accent); padding-left: 10px; }
.compare tr:not(.differs) th[scope=row] { padding-left: 10px; }
.compare tr.differs td:last-child { font-weight: 650; }
.compare .broken { color: var(--alarm); font-weight: 600; }
abbr { text-decoration: none; }

figure { margin-top: 18px; }
figcaption { color: var(--muted); font-size: 13px; margin-top: 6px; max-width: 90ch; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 20px; font-size: 13px; color: var(--muted); margin-bottom: 6px; }
.lead + .keys { margin-top: 14px; }
.lead + h3, .facts + h3, .note + h3, figure + [role=group] { margin-top: 18px; }
.keys svg { width: 16px; height: 12px; margin-right: 6px; vertical-align: -1px; }
.chart { overflow-x: auto; }
.chart svg { display: block; }
.chart > svg { width: 100%; height: auto; min-width: 560px; max-width: 900px; }
.panels .chart > svg { min-width: 0; max-width: 400px; }
.chart text[stroke] { paint-order: stroke; stroke-linejoin: round; }
.chart text { font-variant-numeric: tabular-nums; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 26px 30px; margin-top: 18px; }
.panels figure { margin: 0; min-width: 0; }
.panels h3 small { display: block; }

.scroll { overflow: auto; max-height: 620px; margin-top: 14px; border: 1px solid var(--line); border-radius: 6px; }
.data { font-size: 13px; }
.data th, .data td { padding: 4px 12px; white-space: nowrap; }
.data td > div { max-width: 640px; overflow: hidden; text-overflow: ellipsis; }
.data thead th { position: sticky; top: 0; background: var(--panel); z-index: 1; padding: 0 12px; box-shadow: inset 0 -1px var(--line); line-height: 30px; }
.data thead button { all: unset; cursor: pointer; color: inherit; }
.data thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.data thead button::after { content: "↕"; opacity: 0.35; margin-left: 5px; }
.data thead [aria-sort=ascending] button::after { content: "↑"; opacity: 1; }
.data thead [aria-sort=descending] button::after { content: "↓"; opacity: 1; }
.data tbody tr:first-child { border-top: 0; }
.data tr.highlight td { background: var(--accent-wash); }
.data tr.default td { background: var(--panel); }
.data tr.failed td { color: var(--alarm); }
.wide > .data { margin-top: 12px; }
.plain { margin-top: 12px; font-size: 14px; }
.plain td, .plain th { padding-right: 18px; }
.tag { white-space: nowrap; font-weight: 600; }
.message { white-space: pre-wrap; max-width: 60ch; }

.facts > div { display: grid; grid-template-columns: 12em 1fr; gap: 2px 16px; padding: 5px 0; border-top: 1px solid var(--line); }
.facts > div:first-child { border-top: 0; }
.facts dt { color: var(--muted); }
@media (max-width: 560px) { .facts > div { grid-template-columns: 1fr; } }
.commands { margin-top: 10px; }
.commands code { display: block; padding: 8px 12px; background: var(--panel); border-radius: 6px; white-space: pre-wrap; }
.commands span { display: inline-block; max-width: 100%; }
.commands p { color: var(--muted); font-size: 13px; margin: 2px 0 12px 12px; }

#tooltip {
  position: fixed; z-index: 10; pointer-events: none; max-width: 340px; padding: 8px 10px; border-radius: 6px;
  background: var(--paper); border: 1px solid var(--line); box-shadow: 0 4px 16px rgb(0 0 0 / 0.18); font-size: 13px; line-height: 1.4;
}
#tooltip div { display: grid; grid-template-columns: auto 1fr; gap: 0 10px; }
#tooltip span { color: var(--muted); }

@media (max-width: 560px) {
  .page { padding: 18px 16px 48px; }
  h1 { font-size: 21px; }
  section { margin-top: 38px; }
  .verdict { padding-left: 14px; }
  .verdict .figure { font-size: 42px; }
  .compare { font-size: 14px; }
  .compare th, .compare td { padding-right: 4px; }
}

@page { margin: 14mm 12mm; }
@page wide { size: A4 landscape; margin: 10mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --panel: #f6f7f8; --ink: #000000; --muted: #4a545c; --line: #d4d9dd;
    --accent: #0b6e8f; --accent-wash: #e8f3f6; --alarm: #b3401f; --dot: #8d99a3;
  }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { font-size: 12px; }
  .page { max-width: none; padding: 0; }
  .contents, #tooltip { display: none; }
  figure, tr, .facts > div, .commands { break-inside: avoid; }
  h2, h3, .lead { break-after: avoid; }
  .lead { break-inside: avoid; }
  section { margin-top: 30px; }
  h1 { font-size: 20px; }
  .verdict .figure { font-size: 40px; }
  .note, .keys, figcaption, thead th, .commands p, .compare thead th { font-size: 11px; }
  .sides { grid-template-columns: 6fr 5fr; gap: 20px 28px; margin-top: 20px; }
  .panels { grid-template-columns: repeat(3, 1fr); gap: 16px 18px; }
  #trials { page: wide; }
  .scroll { max-height: none; overflow: visible; border: 0; }
  .chart { overflow: visible; }
  .chart svg { width: 100%; min-width: 0; height: auto; }
  .data, .data thead th { font-size: 7px; }
  .data th, .data td, .data thead th { padding: 2px 3px; white-space: normal; }
  .data td { overflow-wrap: normal; }
  .data td > div { max-width: none; }
  .data thead th { position: static; line-height: 1.3; }
  .data thead button::after { content: none; }
}
`;

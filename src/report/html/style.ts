/** The report's style sheet: calm, for a phone as for a desk, by day, by night and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbfbf9, #14171a);
  --card: light-dark(#ffffff, #1b1f23);
  --ink: light-dark(#1f2428, #e4e7ea);
  --soft: light-dark(#5b6570, #9aa5b0);
  --line: light-dark(#e3e5e2, #2c3238);
  --track: light-dark(#eef0ee, #252b31);
  --cached: light-dark(#237a76, #56b8b2);
  --changed: light-dark(#946011, #d9a441);
  --ok: light-dark(#3f7b3d, #74b56f);
  --skipped: light-dark(#6d7781, #8b96a0);
  --ignored: light-dark(#9a5421, #d58a52);
  --failed: light-dark(#c0392f, #f0756a);
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
.page { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere; }
.lead { margin: .4rem 0 0; color: var(--soft); overflow-wrap: anywhere; }
.verdict { display: inline-flex; align-items: center; gap: .45rem; margin-bottom: .75rem; font-size: .875rem; font-weight: 600; }
.verdict::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: currentColor; }
.good { color: var(--ok); } .bad { color: var(--failed); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.75rem 0 0; padding: 0; }
.figures div { display: flex; flex-direction: column; justify-content: space-between; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.figures dt { color: var(--soft); font-size: .8125rem; }
.figures dd { margin: .1rem 0 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
section { margin-top: 2.75rem; }
h2 { margin: 0 0 .9rem; font-size: 1.0625rem; font-weight: 650; }
h3 { margin: 1.5rem 0 .5rem; font-size: .875rem; font-weight: 600; color: var(--soft); }
.error { white-space: pre-wrap; overflow-wrap: anywhere; font: .8125rem/1.55 var(--mono); border: 1px solid var(--line); border-left: 3px solid var(--failed); border-radius: .4rem; background: var(--card); padding: .9rem 1rem; margin: 1.75rem 0 0; }
.strip { display: flex; height: 1.5rem; border-radius: .4rem; overflow: hidden; background: var(--track); }
.strip i { display: block; min-width: 1px; border-right: 1px solid var(--paper); background: var(--tone); }
.strip i:last-child { border-right: 0; }
.scale { display: flex; justify-content: space-between; color: var(--soft); font-size: .75rem; margin-top: .3rem; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem .5rem; margin: 1rem 0 0; padding: 0; border: 0; }
.legend legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.legend input { position: absolute; opacity: 0; }
.legend label { display: inline-flex; align-items: center; gap: .45rem; border: 1px solid var(--line); border-radius: 2rem; padding: .28rem .75rem; font-size: .8125rem; cursor: pointer; background: var(--card); }
.legend label::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--tone, var(--soft)); }
.legend input:checked + label { border-color: var(--ink); }
.legend input:focus-visible + label { outline: 2px solid var(--cached); outline-offset: 2px; }
.is-cached { --tone: var(--cached); } .is-changed { --tone: var(--changed); } .is-ok { --tone: var(--ok); }
.is-skipped { --tone: var(--skipped); } .is-ignored { --tone: var(--ignored); } .is-failed { --tone: var(--failed); }
body:has(#show-cached:checked) li.step:not(.is-cached),
body:has(#show-run:checked) li.step:not(.is-changed, .is-ok),
body:has(#show-skipped:checked) li.step:not(.is-skipped),
body:has(#show-failed:checked) li.step:not(.is-failed, .is-ignored) { display: none; }
ol.steps { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); overflow: hidden; }
li.step + li.step { border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: 2.2rem 5rem minmax(0, 1fr) 7.5rem 4.6rem 4.6rem; gap: .75rem; align-items: baseline; padding: .55rem 1rem; }
summary.row { cursor: pointer; list-style: none; }
summary.row::-webkit-details-marker { display: none; }
summary.row:hover { background: var(--track); }
summary.row:focus-visible { outline: 2px solid var(--cached); outline-offset: -2px; }
.number { color: var(--soft); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.status { color: var(--tone); font-size: .8125rem; font-weight: 600; }
.name { overflow-wrap: anywhere; }
.name small { color: var(--soft); font-size: .8125rem; }
.is-skipped .name { color: var(--soft); }
summary .name::after { content: "\\00a0›"; display: inline-block; color: var(--soft); }
details[open] > summary .name::after { content: "\\00a0⌄"; }
.when { position: relative; height: .5rem; border-radius: .25rem; background: var(--track); align-self: center; }
.when i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: .25rem; background: var(--tone); }
.amount { text-align: right; color: var(--soft); font-size: .8125rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.more { padding: 0 1rem .9rem 9.7rem; }
.more p { margin: .2rem 0; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.more .why { color: var(--ink); }
.more code { font-family: var(--mono); font-size: .8125rem; }
.log { margin: .5rem 0 0; padding: .7rem .9rem; max-height: 24rem; overflow: auto; border-radius: .4rem; background: var(--track); font: .78125rem/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: .7rem; }
.bars li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem 1rem; font-size: .9375rem; }
.bars .what { overflow-wrap: anywhere; }
.bars small { color: var(--soft); font-size: .8125rem; }
.bars .bar { grid-column: 1 / -1; height: .4rem; border-radius: .2rem; background: var(--track); overflow: hidden; }
.bars .bar i { display: block; height: 100%; min-width: 2px; border-radius: .2rem; background: var(--tone, var(--cached)); }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 3rem; }
.plain { margin: 0; padding-left: 1.1rem; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .8125rem; overflow-wrap: anywhere; }
@media (max-width: 46rem) {
  .page { padding: 1.5rem 1rem 3rem; }
  header h1 { font-size: 1.4rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .columns { grid-template-columns: 1fr; }
  .row { grid-template-columns: 4.4rem minmax(0, 1fr) auto; gap: .1rem .6rem; padding: .65rem .85rem; }
  .number, .size { display: none; }
  .when { grid-column: 2 / -1; grid-row: 2; margin-top: .3rem; height: .3rem; }
  .more { padding: 0 .85rem .9rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --track: #eee; }
  body { font-size: 10.5pt; }
  .page { max-width: none; padding: 0; }
  .legend { display: none; }
  li.step, .figures div, .bars li { break-inside: avoid; }
  details::details-content { content-visibility: visible; height: auto; display: block; }
  .log { max-height: none; overflow: visible; border: 1px solid #ddd; background: #fff; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;

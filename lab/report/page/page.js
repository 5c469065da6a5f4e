// The table, and what lies behind a cell. Reads the data once and keeps it.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

const kinds = {leak: "a process sees what it must not", lost: "a reference and its owner part", waste: "a copy that was not needed",
  race: "it depends on who is first", swap: "reclaim and swap", merge: "merging, migration, huge pages",
  protect: "userfaultfd's write protection and soft-dirty", supply: "what userfaultfd's handlers supply"};

// The table.

const rows = [];  // {test, tr, cells: the row's buttons by column}
let focused = null;  // the one cell that Tab comes to

function cellButton(test, cell) {
  const flag = flagOf(cell);
  const button = h("button", {class: `cell${cell.harm ? " harmful" : ""}`, type: "button", tabindex: -1,
    title: `${spoken(cell)}: ${cell.verdict}`,
    "aria-label": `${test.name} under ${spoken(cell)}: ${cell.verdict}${cell.standing ? `, ${cell.standing}` : ""}`},
    mark(cell.verdict), flag ? h("span", {class: "flag", "aria-hidden": "true"}, flag) : "");
  button.addEventListener("click", () => open(test, cell, button));
  return button;
}

function drawTable() {
  const table = $("table");
  table.style.setProperty("--columns", data.judges.length);
  table.append(h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, h("th", {role: "columnheader"}, h("span", {}, "")),
    data.judges.map(judge => h("th", {scope: "col", role: "columnheader", title: judge.about},
      h("div", {}, judge.name, " ", h("small", {}, judge.kernels.replace(/,.*/, ""))))))));
  const harms = [...new Set(data.tests.map(test => test.harm))];
  for (const harm of harms) {
    const body = h("tbody", {role: "rowgroup", "data-harm": harm});
    body.append(h("tr", {role: "row"}, h("th", {class: "group", role: "rowheader", scope: "rowgroup",
      colspan: data.judges.length + 1}, harm || "tests", h("small", {}, kinds[harm] || ""))));
    for (const test of data.tests.filter(each => each.harm === harm)) body.append(row(test));
    table.append(body);
  }
  focused = rows.flatMap(each => each.buttons).find(Boolean);
  if (focused) focused.tabIndex = 0;
  table.addEventListener("keydown", moveInTable);
}

function row(test) {
  const others = test.cells.filter(cell => !cell.column).length;
  const tr = h("tr", {role: "row"}, h("th", {class: "test", scope: "row", role: "rowheader", title: test.about},
    test.name.replace(/^.*\//, ""), others ? h("span", {class: "plus", title: `and ${others} more judgements`}, `+${others}`) : ""));
  const buttons = data.judges.map(judge => {
    const cell = test.cells.find(each => each.column && each.judge === judge.name);
    const button = cell && cellButton(test, cell);
    tr.append(h("td", {role: "cell"}, button || ""));
    return button || null;
  });
  rows.push({test, tr, buttons});
  return tr;
}

function moveInTable(event) {
  const current = rows.find(each => each.buttons.includes(event.target));
  if (!current || event.altKey || event.ctrlKey || event.metaKey) return;
  const seen = rows.filter(each => !each.tr.hidden && !each.tr.parentNode.hidden);
  let column = current.buttons.indexOf(event.target), at = seen.indexOf(current), by = 1;
  const inRow = from => {
    for (let i = from; i >= 0 && i < current.buttons.length; i += by) if (current.buttons[i]) return current.buttons[i];
    return null;
  };
  let next = null;
  if (event.key === "ArrowRight") next = inRow(column + 1);
  else if (event.key === "ArrowLeft") { by = -1; next = inRow(column - 1); }
  else if (event.key === "Home") next = inRow(0);
  else if (event.key === "End") { by = -1; next = inRow(current.buttons.length - 1); }
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    by = event.key === "ArrowDown" ? 1 : -1;
    for (at += by; at >= 0 && at < seen.length && !seen[at].buttons[column];) at += by;
    next = seen[at]?.buttons[column];
  } else return;
  event.preventDefault();
  if (next) focusCell(next);
}

function focusCell(button) {
  if (focused) focused.tabIndex = -1;
  focused = button;
  button.tabIndex = 0;
  button.focus();
}

function drawLegend() {
  const seen = new Set(data.tests.flatMap(test => test.cells.map(cell => cell.verdict)));
  const all = {never: "never", sometimes: "sometimes", always: "always", hang: "some run hangs", broken: "some run breaks what must hold",
    skipped: "not run"};
  for (const [name, text] of Object.entries(all))
    if (seen.has(name)) $("legend").append(h("li", {}, mark(name), text));
  $("legend").append(h("li", {}, h("span", {class: "harmful", style: "display:flex"}, mark("sometimes"), mark("always")),
    "does what the test forbids"));
  const flags = new Set(data.tests.flatMap(test => test.cells.map(flagOf)));
  if (flags.has("!")) $("legend").append(h("li", {}, h("b", {}, "!"), "not as expected"));
  if (flags.has("?")) $("legend").append(h("li", {}, h("b", {}, "?"), "open: more runs may show it"));
}

function drawFilter() {
  const counts = new Map();
  for (const test of data.tests) counts.set(test.harm, (counts.get(test.harm) || 0) + 1);
  for (const [harm, count] of counts)
    if (harm) $("harms").append(h("button", {type: "button", "aria-pressed": "false", "data-harm": harm, title: kinds[harm],
      onclick: event => {
        const button = event.currentTarget;
        button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
        filter();
      }}, harm, " ", h("small", {}, `${count}`)));
  $("name").addEventListener("input", filter);
  $("filter").addEventListener("submit", event => event.preventDefault());
  filter();
}

function filter() {
  const harms = [...document.querySelectorAll('#harms [aria-pressed="true"]')].map(button => button.dataset.harm);
  const wanted = $("name").value.trim().toLowerCase();
  let count = 0;
  for (const {test, tr} of rows) {
    tr.hidden = !((!harms.length || harms.includes(test.harm)) && test.name.toLowerCase().includes(wanted));
    if (!tr.hidden) ++count;
  }
  for (const body of document.querySelectorAll("#table tbody"))
    body.hidden = ![...body.rows].slice(1).some(tr => !tr.hidden);
  $("count").textContent = count === rows.length ? plural(count, "test") : `${count} of ${plural(rows.length, "test")}`;
}

// One judgement.

function open(test, cell, button) {
  Object.assign(shown, {data, test, cell, run: cell.run === null ? null : data.runs[cell.run], step: 0});
  for (const each of rows) each.tr.classList.toggle("open", each.test === test);
  document.querySelector('.cell[aria-current="true"]')?.removeAttribute("aria-current");
  shown.button = button || rows.find(each => each.test === test)
    ?.buttons[data.judges.findIndex(judge => cell.column && judge.name === cell.judge)] || null;
  shown.button?.setAttribute("aria-current", "true");
  const detail = $("detail");
  detail.replaceChildren(...detailParts(test, cell));
  detail.classList.add("shown");
  detail.scrollTop = 0;
  showRun(test);
  detail.focus({preventScroll: true});
  remember();
}

function close() {
  $("detail").classList.remove("shown");
  (shown.button || focused)?.focus();
}

function detailParts(test, cell) {
  const judge = data.judges.find(each => each.name === cell.judge);
  const [folder, name] = test.name.includes("/") ? test.name.split("/") : ["", test.name];
  return [
    h("button", {class: "close", type: "button", onclick: close}, "Close"),
    h("h2", {}, folder ? h("small", {}, `${folder} / `) : "", name),
    h("p", {}, test.about),
    h("p", {class: "verdict"}, mark(cell.verdict, cell.harm ? "harmful" : ""), h("b", {}, `${spoken(cell)}: ${cell.verdict}`),
      h("span", {}, standing(cell))),
    h("ul", {class: "judges", "aria-label": "All judges of this test"}, test.cells.map(each => h("li", {},
      h("button", {type: "button", "aria-current": each === cell ? "true" : null, onclick: () => open(test, each),
        "aria-label": `${spoken(each)}: ${each.verdict}`}, mark(each.verdict, each.harm ? "harmful" : ""), spoken(each), flagOf(each))))),
    judge && judge.about ? h("p", {class: "soft"}, judge.kernels ? `${judge.name}, ${judge.kernels}. ` : "", judge.about) : null,
    shown.run ? runPart(test, cell, shown.run) : h("p", {class: "soft"}, noRun(test, cell)),
    ends(cell),
    test.why ? h("div", {}, h("h3", {}, "Why"), h("p", {}, test.why)) : null,
    test.source ? h("p", {class: "soft"}, "Source: ", linked(test.source)) : null,
    h("div", {}, h("h3", {}, "The test"), h("pre", {id: "text"}, test.text.split("\n").map(line => h("span", {class: "line"}, line + "\n")))),
  ].filter(Boolean);
}

// The address holds what is shown, so that it can be passed on.

function remember() {
  const {test, cell, run, step} = shown;
  const place = [test.name, cell.judge, cell.memory || "", run ? step : ""].map(encodeURIComponent).join(";");
  document.title = `${test.name} under ${spoken(cell)} \u2013 ${title}`;
  if (!selfTested()) history.replaceState(null, "", `#${place}`);
}

const selfTested = () => location.hash.startsWith("#selftest");

function recall() {
  const [name, judge, memory, step] = location.hash.slice(1).split(";").map(decodeURIComponent);
  const test = data.tests.find(each => each.name === name);
  const cell = test?.cells.find(each => each.judge === judge && (each.memory || "") === (memory || ""));
  if (!cell) return false;
  open(test, cell);
  if (shown.run && step) goTo(+step);
  return true;
}

function welcome() {
  $("detail").append(h("h2", {}, "Behind each cell"), h("p", {}, "Choose a mark: what the judge found, and, where something happens, a run that shows it, step by step."),
    h("p", {class: "soft"}, "In the table: arrow keys, then Enter. In a run: left and right arrow, Home, End; Escape goes back to the table."));
}

addEventListener("hashchange", recall);

// What the searches were worth, as far as the least of them goes.
function searched() {
  const cells = data.tests.flatMap(test => test.cells).filter(cell => cell.coverage !== undefined);
  const cut = cells.filter(cell => !cell.exhaustive).length;
  if (!cells.length) return "";
  return cut ? ` Of ${plural(cells.length, "answer")} ${cut} rest on a search that did not make every schedule; each says so.`
    : " Under each, every schedule was explored.";
}

const title = document.title;
if (data.tests.length === 1) $("heading").textContent = data.tests[0].name;
$("lead").textContent = `${plural(data.tests.length, "test")} of copy-on-write and page references, each asked of ${plural(data.judges.length, "judge")}: ` +
  "can it end so? A rule-set is what a kernel looks at when it decides which page may be written in place, shared or pinned." + searched();
$("foot").textContent = `Made${data.made.by ? ` by ${data.made.by}` : ""}${data.made.on ? ` on ${data.made.on}` : ""}` +
  `${data.made.command ? ` with ${data.made.command}` : ""}; search: ${data.search}. Hold the pointer over a judge's name for what it is.`;
for (const judge of data.judges)
  if (judge.kernels) $("kernels").append(h("li", {}, h("b", {}, judge.name), judge.kernels.replace(/,.*/, "")));
drawLegend();
drawTable();
drawFilter();
// One test alone has no table to choose from.
const only = data.tests.length === 1 && data.tests[0].cells;
if (!recall()) {
  if (only && matchMedia("(min-width: 1160px)").matches && !selfTested()) open(data.tests[0], only.find(cell => cell.run !== null) || only[0]);
  else welcome();
}

// The table, and what lies behind a cell. Reads the data once and keeps it; what is shown is in `shown`.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const shown = {cell: null, run: null, step: 0, button: null};

// An element: h("p", {class: "soft"}, "text", another). Text is never taken for markup.
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ""));
  return element;
}

function mark(name, kind = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `mark ${kind}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#m-${name}`);
  svg.append(use);
  return svg;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const spoken = cell => cell.judge + (cell.memory && cell.memory !== "sc" ? ` under ${cell.memory}` : "");
const flagOf = cell => cell.standing === "deviates" ? "!" : cell.standing === "open" ? "?" : "";
const kinds = {leak: "a process sees what it must not", lost: "a reference and its owner part", waste: "a copy that was not needed",
  race: "it depends on who is first", swap: "reclaim and swap", merge: "merging, migration, huge pages"};

// What is known to the public has an address.
const known = [
  [/CVE-\d{4}-\d{4,}/, id => `https://www.cve.org/CVERecord?id=${id}`],
  [/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,40}\b/, hash => `https://git.kernel.org/linus/${hash}`],
  [/Documentation\/[\w/.-]+\.rst/, path => `https://docs.kernel.org/${path.slice(14, -4)}.html`],
  [/\b[a-z_]\w+\([1-8]\)/, page => {
    const [, name, section] = page.match(/(\w+)\((\d)\)/);
    return `https://man7.org/linux/man-pages/man${section}/${name}.${section}.html`;
  }],
];
function linked(text) {
  const pattern = new RegExp(known.map(([re]) => `(${re.source})`).join("|"), "g");
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    const which = known.findIndex((_, i) => found[i + 1] !== undefined);
    parts.push(text.slice(end, found.index), h("a", {href: known[which][1](found[0]), rel: "noreferrer"}, found[0]));
    end = found.index + found[0].length;
  }
  return parts.concat(text.slice(end));
}

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
  Object.assign(shown, {test, cell, run: cell.run === null ? null : data.runs[cell.run], step: 0});
  for (const each of rows) each.tr.classList.toggle("open", each.test === test);
  document.querySelector('.cell[aria-current="true"]')?.removeAttribute("aria-current");
  shown.button = button || rows.find(each => each.test === test)
    ?.buttons[data.judges.findIndex(judge => cell.column && judge.name === cell.judge)] || null;
  shown.button?.setAttribute("aria-current", "true");
  const detail = $("detail");
  detail.replaceChildren(...detailParts(test, cell));
  detail.classList.add("shown");
  detail.scrollTop = 0;
  if (shown.run) {
    shown.views = [shown.run.start, ...shown.run.steps.map(step => step[5])].map(at => Picture.read(data.views[at]));
    shown.stage = new Picture.Stage($("picture"), test.names, shown.views);
    goTo(shown.run.decision === null ? shown.run.steps.length : shown.run.decision + 1);
  }
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

function standing(cell) {
  if (cell.said !== undefined) return cell.said;
  const expected = cell.expected === "nothing" ? "nothing was expected"
    : cell.standing === "as expected" ? "as expected" : `${cell.standing === "deviates" ? "not as expected" : cell.standing}; expected: ${cell.expected}`;
  return `${expected}. ${plural(cell.runs, "run")}, ${cell.coverage}.`;
}

function noRun(test, cell) {
  if (cell.said !== undefined) return "";
  return test.claim === "always" ? `Every run ends with ${test.condition}.` : `No run ends with ${test.condition}.`;
}

function ends(cell) {
  if (!cell.states || (!cell.states.length && !cell.failures.length)) return null;
  const line = (text, holds, count) => h("tr", {}, h("td", {class: "n"}, `${count}`), h("td", {}, holds), h("td", {}, h("code", {}, text)));
  return h("div", {class: "ends"}, h("h3", {}, "How runs end"), h("table", {},
    cell.failures.map(([kind, what, count]) => line(what, kind, count)),
    cell.states.map(([text, holds, count]) => line(text, holds ? "it holds" : "it does not", count)),
    cell.unreached.map(label => line(label, "never reached", 0))));
}

function runPart(test, cell, run) {
  const last = run.steps.length;
  const button = (label, text, to) => h("button", {type: "button", "aria-label": label, title: label, "data-to": to,
    onclick: () => goTo(to === "next" ? shown.step + 1 : to === "back" ? shown.step - 1 : to === "first" ? 0 : last)}, text);
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.id = "picture";
  picture.setAttribute("class", "picture");
  picture.setAttribute("role", "img");
  const command = `cleave litmus ${test.path} ` + (run.seen ? "--kernel -v" : `--rules ${cell.judge} --replay ${run.token}`);
  return h("section", {class: "run", "aria-label": "A run, step by step"},
    h("header", {}, h("h3", {}, `A run that ends with ${run.what}`), h("p", {}, summary(run))),
    h("div", {class: "stage"}, picture),
    h("div", {class: "said", id: "said", "aria-live": "polite"}),
    h("div", {class: "controls", role: "group", "aria-label": "Steps"}, button("First (Home)", "\u00ab", "first"),
      button("Back (left arrow)", "\u2190", "back"), button("Next (right arrow)", "\u2192", "next"), button("Last (End)", "\u00bb", "last"),
      h("input", {type: "range", id: "slider", min: 0, max: last, "aria-label": "Step", oninput: event => goTo(+event.target.value)}),
      h("output", {id: "step"})),
    h("div", {class: "schedule", id: "schedule", tabindex: 0, "aria-label": "The schedule, a column a thread"}, schedule(run)),
    h("div", {class: "token"}, h("code", {}, command), h("button", {type: "button", onclick: event => copy(event.target, command)}, "Copy")));
}

function summary(run) {
  if (run.seen)
    return `${plural(run.steps.length, "step")}, as page tables and the list of frames showed them between statements. ` +
      "How often a page is referred to, and whether an entry is writable, they do not show.";
  const parts = [plural(run.steps.length, "step"), plural(run.preemptions, "preemption") + (run.fewest && run.preemptions ? ", none with fewer" : "")];
  let text = parts.join(", ") + ".";
  if (run.always) text += " Every run ends so.";
  if (run.turning !== null) text += ` From step ${run.turning + 1} on every way to go on ends so.`;
  if (run.decision !== null) text += ` Step ${run.decision + 1} decides.`;
  if (run.broken) text += ` Broken: ${run.broken}.`;
  return run.standstill ? `${text} ${run.standstill}` : text;
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected";
  }
}

// Consecutive steps of one thread in one operation, as one row.
function groupsOf(run) {
  const groups = [];
  run.steps.forEach(([thread, kind, operation, , , , folded], at) => {
    const previous = groups[groups.length - 1];
    const flush = kind === 2;
    if (previous && previous.thread === thread && previous.operation === operation && previous.folded === folded && previous.flush === flush)
      previous.last = at;
    else
      groups.push({thread, operation, folded, flush, first: at, last: at});
  });
  return groups;
}

function schedule(run) {
  const body = h("tbody", {});
  for (const group of groupsOf(run)) {
    const tr = h("tr", {"data-first": group.first, "data-last": group.last, class: group.folded ? "folded" : null,
      onclick: () => goTo(group.last + 1)});
    tr.append(h("td", {}, group.first === group.last ? `${group.first + 1}` : `${group.first + 1}\u2013${group.last + 1}`));
    run.threads.forEach((_, thread) => tr.append(thread === group.thread ? h("td", {class: "acts"}, acts(run, group)) : h("td", {})));
    const decides = run.decision !== null && run.decision >= group.first && run.decision <= group.last;
    if (decides) tr.classList.add("decides");
    body.append(tr);
    if (run.turning !== null && run.turning >= group.first && run.turning <= group.last)
      body.append(h("tr", {class: "turn"}, h("td", {colspan: run.threads.length + 1},
        `From step ${run.turning + 1} on every way to go on ends so.`)));
  }
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "step"), run.threads.map(name => h("th", {scope: "col"}, name)))), body);
}

function acts(run, group) {
  const parts = [h("span", {class: "op"}, group.flush ? `a store leaves the buffer: ${data.words[run.steps[group.first][3]]}` : data.words[group.operation])];
  if (group.folded) parts.push(h("span", {class: "soft"}, " (does not matter)"));
  if (run.decision >= group.first && run.decision <= group.last && run.decision !== null) parts.push(" ", h("span", {class: "tag"}, "decides"));
  for (let at = group.first; at <= group.last; ++at)
    for (const word of run.steps[at][4]) parts.push(h("div", {class: "rule"}, data.words[word]));
  return parts;
}

function goTo(step) {
  const run = shown.run;
  shown.step = Math.max(0, Math.min(run.steps.length, step));
  const at = shown.step - 1;  // the step that was taken last; -1: none
  draw();
  $("said").replaceChildren(...said(run, at));
  $("step").textContent = `${shown.step} of ${run.steps.length}`;
  $("slider").value = shown.step;
  for (const button of document.querySelectorAll(".controls [data-to]"))
    button.disabled = ["first", "back"].includes(button.dataset.to) ? shown.step === 0 : shown.step === run.steps.length;
  const schedule = $("schedule");
  for (const tr of schedule.querySelectorAll("tr[data-last]")) {
    const now = at >= +tr.dataset.first && at <= +tr.dataset.last;
    tr.classList.toggle("now", now);
    tr.classList.toggle("later", at < +tr.dataset.first);
    tr.toggleAttribute("aria-current", now);
    if (now && schedule.scrollHeight > schedule.clientHeight) {
      const top = tr.offsetTop - 40, bottom = tr.offsetTop + tr.offsetHeight + 40;
      if (top < schedule.scrollTop) schedule.scrollTop = top;
      else if (bottom > schedule.scrollTop + schedule.clientHeight) schedule.scrollTop = bottom - schedule.clientHeight;
    }
  }
  remember();
}

function draw() {
  const now = shown.views[shown.step], before = shown.views[Math.max(0, shown.step - 1)];
  const was = new Map(before.folios.map(folio => [folio.id, JSON.stringify(folio)]));
  const changed = new Set(now.folios.filter(folio => was.get(folio.id) !== JSON.stringify(folio)).map(folio => folio.id));
  shown.stage.draw(now, Math.max(300, $("picture").clientWidth || 340), changed);
}

function said(run, at) {
  if (at < 0) return [h("span", {class: "who"}, "The start. "), h("span", {class: "soft"}, "Arrow keys go step by step, Home and End to either end.")];
  const [thread, kind, operation, label, decided] = run.steps[at];
  const parts = [h("span", {class: "who"}, run.threads[thread]), "  ", h("code", {}, data.words[operation]),
    data.words[label] &&
      h("span", {class: "soft"}, ` \u2013 ${kind === 2 ? "a store leaves the buffer: " : kind === 1 ? "into the buffer: " : ""}${data.words[label]}`)];
  if (at === run.decision) parts.push(" ", h("span", {class: "tag"}, "decides"));
  if (at === run.turning) parts.push(" ", h("span", {class: "tag harmful"}, "inevitable from here"));
  for (const word of decided) parts.push(h("div", {class: "rule"}, data.words[word]));
  if (at === run.steps.length - 1) parts.push(h("div", {}, h("b", {}, `The end: ${run.what}`)));
  return parts;
}

// The address holds what is shown, so that it can be passed on.

function remember() {
  const {test, cell, run, step} = shown;
  const place = [test.name, cell.judge, cell.memory || "", run ? step : ""].map(encodeURIComponent).join(";");
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

document.addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || !shown.cell) return;
  if (event.key === "Escape") return close();
  if (!shown.run || event.target.closest?.("#table, input")) return;
  const to = {ArrowRight: shown.step + 1, ArrowLeft: shown.step - 1, Home: 0, End: shown.run.steps.length}[event.key];
  if (to === undefined) return;
  event.preventDefault();
  goTo(to);
});
addEventListener("resize", () => { if (shown.run) draw(); });
addEventListener("hashchange", recall);

$("lead").textContent = `${plural(data.tests.length, "test")} of copy-on-write and page references, each asked of ${plural(data.judges.length, "judge")}. ` +
  "A rule-set is what a kernel looks at when it decides which page may be written in place, shared or pinned; under each, every schedule was explored.";
$("foot").textContent = `Made by cleave litmus --html; search: ${data.search}. Hold the pointer over a judge's name for what it is.`;
drawLegend();
drawTable();
drawFilter();
if (!recall()) welcome();

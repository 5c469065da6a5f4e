// The page of the laboratory: what is asked, what comes of it, and what is passed on.
"use strict";

const catalogue = JSON.parse($("catalogue").textContent);  // [{name, text}], the catalogue's files
const editing = new Laboratory(), judging = new Laboratory();
const asked = {known: null, changed: [], run: 0, cells: [], checked: null};

const fill = (select, options) => select.replaceChildren(...options.map(([value, text]) => h("option", {value}, text)));
const chosen = () => [...document.querySelectorAll("#sets input:checked")].map(box => box.value).concat(asked.changed);

// What is asked.

function offerExamples() {
  const groups = new Map();
  for (const {name} of catalogue) {
    const folder = name.split("/")[0];
    groups.set(folder, (groups.get(folder) ?? []).concat(name));
  }
  $("examples").append(h("option", {value: ""}, "a new test"), ...[...groups].map(([folder, names]) =>
    h("optgroup", {label: folder}, names.map(name => h("option", {value: name}, name.slice(folder.length + 1))))));
}

// What a test has, to begin one's own with: the smallest that says something.
const beginning = `litmus my-test
"A child reads what its parent writes after the fork."

page x = 1

process P {
  fork C
  write x 2
}

process C from P {
  read x -> r
}

forbidden C:r = 2
`;

function openExample(name) {
  $("examples").value = name;
  Editor.text = catalogue.find(each => each.name === name)?.text ?? beginning;
  changed();
}

function offerRules({rules, knobs, fences}) {
  $("sets").append(...rules.map(set => h("label", {title: set.about}, h("input", {type: "checkbox", value: set.name, checked: ""}),
    `${set.name} `, h("small", {class: "soft"}, set.kernels.replace(/,.*/, "")))));
  fill($("base"), rules.map(set => [set.name, set.name]));
  $("base").value = "E1";
  $("knob").append(h("optgroup", {label: "knobs"}, knobs.map(knob => h("option", {value: knob.name}, knob.name))),
    h("optgroup", {label: "left out"}, fences.map(fence => h("option", {value: `drop=${fence.name}`}, fence.name))));
  offerAnswers();
}

function offerAnswers() {
  const {rules, knobs, fences} = asked.known, what = $("knob").value;
  const knob = knobs.find(each => each.name === what);
  const now = rules.find(set => set.name === $("base").value).answers[what];
  const answers = !knob ? ["left out"] : knob.answers.length ? knob.answers.filter(each => each !== now) : [1, 2, 4, 16, 256].map(String);
  fill($("answer"), answers.map(each => [each, each]));
  $("question").textContent = knob ? `${knob.question}? ${$("base").value}: ${now}.` : fences.find(each => `drop=${each.name}` === what).about;
}

function showChanged() {
  $("added").replaceChildren(...asked.changed.map(each => h("li", {}, h("code", {}, each), " ", h("button", {type: "button",
    onclick: () => {
      asked.changed = asked.changed.filter(other => other !== each);
      showChanged();
      remember();
    }}, "Remove"))));
}

async function check() {
  const text = Editor.text;
  const found = await editing.ask({ask: "check", text});
  if (!found || text !== Editor.text) return;
  asked.checked = found.error ? null : found;
  Editor.mark(found.error ? [{line: 1, column: 1, what: found.error}] : found.faults);
  $("judge").disabled = !asked.checked || found.faults.length > 0;
}

let soon = 0;
function changed() {
  clearTimeout(soon);
  soon = setTimeout(() => { check(); remember(); }, 150);
}

// What comes of it.

const say = text => { $("progress").textContent = text; };

async function judge() {
  const run = ++asked.run, text = Editor.text, rules = chosen();
  const memory = $("memory").value, search = $("search").value;
  judging.stop();
  asked.cells = [];
  $("results").hidden = false;
  $("verdicts").replaceChildren(h("thead", {}, h("tr", {}, ["Rule-set", "Verdict", "Expected"].map(name => h("th", {scope: "col"}, name)))), h("tbody", {}));
  $("detail").replaceChildren();
  Object.assign(shown, {cell: null, run: null});
  $("stop").disabled = false;
  const begin = performance.now();
  const all = rules.length ? await judging.ask({ask: "cases", text, rules, memory, named: !asked.changed.length && memory === "sc"})
    : {error: "choose a rule-set first"};
  const end = said => { if (run === asked.run) { say(said); $("stop").disabled = true; } };
  if (!all) return end("Stopped.");
  if (all.error || all.faults) return end(all.error ?? "The test has to be mended first.");
  for (const [at, one] of all.cases.entries()) {  // one after the other, so that the table grows
    if (run === asked.run) say(`${at} of ${all.cases.length} judged`);
    const answer = await judging.ask({ask: "judge", text, ...one, search, run: false});
    if (run !== asked.run) return;
    if (!answer) return end(`Stopped after ${at} of ${all.cases.length}.`);
    if (answer.error) return end(`${one.rules}: ${answer.error}`);
    addCell({question: {ask: "judge", text, ...one, search}, data: answer.page, test: answer.page.tests[0], cell: answer.page.tests[0].cells[0]});
  }
  end(`${plural(all.cases.length, "judgement")}, ${((performance.now() - begin) / 1000).toFixed(1)} s.`);
  const harmful = asked.cells.find(each => each.cell.harm) ?? asked.cells.find(each => each.cell.states.length);
  if (harmful) await open(harmful);
}

function addCell(one) {
  const {cell} = one;
  one.button = h("button", {type: "button", class: cell.harm ? "harmful" : null, onclick: () => open(one)},
    mark(cell.verdict, cell.harm ? "harmful" : ""), cell.verdict, cell.harm ? h("span", {class: "tag harmful"}, "forbidden") : "");
  $("verdicts").tBodies[0].append(h("tr", {}, h("th", {scope: "row"}, spoken(cell)), h("td", {}, one.button),
    h("td", {class: "soft"}, cell.expected === "nothing" ? "" : cell.standing)));
  asked.cells.push(one);
}

// A cell with its run, which is made when it is first looked at.
async function open(one) {
  const run = asked.run;
  document.querySelector('#verdicts [aria-current="true"]')?.removeAttribute("aria-current");
  one.button.setAttribute("aria-current", "true");
  $("detail").replaceChildren(h("p", {class: "soft"}, `Looking for a short run under ${spoken(one.cell)}.`));
  $("detail").classList.add("shown");
  if (!one.looked) {
    const answer = await judging.ask({...one.question, run: true});
    if (run !== asked.run || !answer) return;
    if (answer.error) return $("detail").replaceChildren(h("p", {}, answer.error));
    Object.assign(one, {looked: true, data: answer.page, test: answer.page.tests[0], cell: answer.page.tests[0].cells[0]});
  }
  const {data, test, cell} = one;
  Object.assign(shown, {data, test, cell, button: one.button, run: cell.run === null ? null : data.runs[cell.run], step: 0});
  const set = data.judges[0];
  $("detail").replaceChildren(...[h("button", {class: "close", type: "button", onclick: close}, "Close"),
    h("h2", {}, test.name), h("p", {}, test.about),
    h("p", {class: "verdict"}, mark(cell.verdict, cell.harm ? "harmful" : ""), h("b", {}, `${spoken(cell)}: ${cell.verdict}`), h("span", {}, standing(cell))),
    set ? h("p", {class: "soft"}, set.kernels ? `${set.name}, ${set.kernels}. ` : "", set.about) : null,
    shown.run ? runPart(test, cell, shown.run) : h("p", {class: "soft"}, noRun(test, cell)), ends(cell)].filter(Boolean));
  showRun(test);
  $("detail").focus({preventScroll: true});
}

function close() {
  $("detail").classList.remove("shown");
  shown.button?.focus();
}

// What is passed on.

async function held() {
  const all = asked.known.rules.map(set => set.name), rules = chosen();
  const kept = {text: Editor.text};
  if (rules.join() !== all.join()) kept.rules = rules;
  if ($("memory").value !== "sc") kept.memory = $("memory").value;
  if ($("search").value !== "dpor") kept.search = $("search").value;
  if (shown.run && asked.cells[0]?.question.text === kept.text) kept.at = [shown.cell.judge, shown.cell.memory, shown.step];
  return Link.write(kept);
}

async function address() {
  if (asked.known) history.replaceState(null, "", await held());
}

// Not at each step: a browser takes so many changes of an address and no more.
let later = 0;
function remember() {
  clearTimeout(later);
  later = setTimeout(address, 300);
}

async function recall() {
  const kept = await Link.read(location.hash);
  if (typeof kept?.text !== "string") return false;
  Editor.text = kept.text;
  $("examples").value = catalogue.find(each => each.text === kept.text)?.name ?? "";
  const sets = asked.known.rules.map(set => set.name);
  const rules = Array.isArray(kept.rules) ? kept.rules : sets;
  for (const box of document.querySelectorAll("#sets input")) box.checked = rules.includes(box.value);
  asked.changed = rules.filter(each => !sets.includes(each));
  showChanged();
  $("memory").value = kept.memory ?? "sc";
  $("search").value = kept.search ?? "dpor";
  changed();
  if (Array.isArray(kept.at)) showAgain(kept.at);
  return true;
}

// Where the one who passed the link on was looking.
async function showAgain([set, memory, step]) {
  await judge();
  const one = asked.cells.find(({cell}) => cell.judge === set && cell.memory === memory);
  if (!one) return;
  await open(one);
  if (shown.run && Number.isInteger(step)) goTo(step);
}

// Fit for a mail: a line each, within its width.
function tableText() {
  const {test} = asked.cells[0];
  const width = Math.max(...asked.cells.map(({cell}) => spoken(cell).length));
  const lines = asked.cells.map(({cell}) => `  ${spoken(cell).padEnd(width)}  ${cell.verdict}${cell.harm ? "  (forbidden)" : ""}`);
  return `${test.name}: ${test.about}\n  ${test.claim} ${test.condition}\n\n${lines.join("\n")}\n`;
}

function command() {
  const rules = chosen(), all = asked.known.rules.map(set => set.name);
  const only = rules.join() === all.join() ? "" : ` --rules ${rules.join("+")}`;
  return `cleave litmus ${asked.cells[0].test.path}${only}` + ($("memory").value === "sc" ? "" : ` --memory ${$("memory").value}`) +
    ($("search").value === "dpor" ? "" : ` --search ${$("search").value}`);
}

async function pass(button, text, what) {
  button.closest(".bar").after($("copied"));
  try {
    await navigator.clipboard.writeText(text);
    $("copied").textContent = `${what} copied.`;
  } catch {  // not allowed here: it is shown, to be copied by hand
    const pre = h("pre", {}, text);
    $("copied").replaceChildren(pre);
    getSelection().selectAllChildren(pre);
  }
}

function save() {
  const url = URL.createObjectURL(new Blob([Editor.text], {type: "text/plain"}));
  h("a", {href: url, download: `${asked.checked?.name ?? "test"}.litmus`}).click();
  URL.revokeObjectURL(url);
}

async function begin() {
  offerExamples();
  Editor.begin(changed);
  $("examples").addEventListener("change", event => openExample(event.target.value));
  $("judge").addEventListener("click", judge);
  $("stop").addEventListener("click", () => judging.stop());
  $("link").addEventListener("click", async () => { await address(); pass($("link"), location.href, "Link"); });
  $("save").addEventListener("click", save);
  $("mail").addEventListener("click", () => { if (asked.cells.length) pass($("mail"), tableText(), "Table"); });
  $("native").addEventListener("click", () => { if (asked.cells.length) pass($("native"), command(), "Command"); });
  $("source").addEventListener("keydown", event => { if (event.ctrlKey && event.key === "Enter" && !$("judge").disabled) judge(); });
  for (const id of ["base", "knob"]) $(id).addEventListener("change", offerAnswers);
  for (const id of ["sets", "memory", "search"]) $(id).addEventListener("change", remember);
  $("add").addEventListener("click", () => {
    const what = $("knob").value;
    const text = `${$("base").value},${what.startsWith("drop=") ? what : `${what}=${$("answer").value}`}`;
    if (!asked.changed.includes(text)) asked.changed.push(text);
    showChanged();
    remember();
  });
  addEventListener("hashchange", recall);
  try {
    asked.known = await editing.ask({ask: "words"});
  } catch (error) {
    return say(`The laboratory cannot start here: ${error.message}`);
  }
  Editor.learn(asked.known.words);
  offerRules(asked.known);
  say("Ready.");
  if (!await recall()) openExample("leak/child-get-unmap");
}
const begun = begin();

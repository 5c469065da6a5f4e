// What comes of a test: verdicts one by one, and behind each the run that shows it.
"use strict";

const say = text => { $("progress").textContent = text; };

// What all verdicts come to, in a sentence.
function sum(cells) {
  const harmful = cells.filter(each => each.cell.harm).map(each => spoken(each.cell));
  if (harmful.length) return ` Harm under ${harmful.join(", ")}.`;
  return ["forbidden", "always"].includes(cells[0].test.claim) ? " No harm under any of these rule-sets." : "";
}

async function judge(by) {
  const run = ++asked.run, text = Editor.text, rules = chosen();
  const memory = $("memory").value, search = $("search").value;
  judging.stop();
  Object.assign(asked, {cells: [], judged: text});
  document.body.classList.remove("outdated");
  $("verdicts").replaceChildren(h("thead", {}, h("tr", {}, ["Rule-set", "Verdict", "Expected"].map(name => h("th", {scope: "col"}, name)))), h("tbody", {}));
  $("detail").replaceChildren();
  Object.assign(shown, {cell: null, run: null});
  $("stop").disabled = false;
  say("Beginning.");
  const begin = performance.now();
  const all = rules.length ? await judging.ask({ask: "cases", text, rules, memory, named: !asked.changed.length && memory === "sc"})
    : {error: "Choose a rule-set first, below."};
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
  end(`${plural(all.cases.length, "judgement")}, ${((performance.now() - begin) / 1000).toFixed(1)} s.${asked.cells.length ? sum(asked.cells) : ""}`);
  const harmful = asked.cells.find(each => each.cell.harm) ?? asked.cells.find(each => each.cell.states.length);
  if (harmful) await open(harmful, by);
}

function addCell(one) {
  const {cell} = one;
  one.button = h("button", {type: "button", class: cell.harm ? "harmful" : null, onclick: () => open(one)},
    mark(cell.verdict, cell.harm ? "harmful" : ""), cell.verdict, cell.harm ? h("span", {class: "tag harmful"}, "harm") : "");
  $("verdicts").tBodies[0].append(h("tr", {}, h("th", {scope: "row"}, spoken(cell), " ", h("small", {class: "soft"}, kernelsOf(cell.judge))),
    h("td", {}, one.button), h("td", {class: "soft"}, cell.expected === "nothing" ? "" : cell.standing)));
  asked.cells.push(one);
}

// Whether the run has a place of its own beside the test, or covers it.
const beside = matchMedia("(min-width: 1160px)");

// A cell with its run, which is made when it is first looked at. `by` the page itself: what the reader looks at stays in view.
async function open(one, by = "reader") {
  const run = asked.run;
  if (by === "page" && !beside.matches) return;
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
  // The keys go there, unless the reader writes on meanwhile.
  if (by === "reader" && Editor.text === one.question.text) $("detail").focus({preventScroll: true});
}

function close() {
  $("detail").classList.remove("shown");
  shown.button?.focus();
}

// What is passed on: the test and all that was asked of it, as a link, a table, a command, a file.
"use strict";

// What a link holds, at this moment.
async function held() {
  const all = asked.known.rules.map(set => set.name), rules = chosen();
  const kept = {text: Editor.text};
  if (rules.join() !== all.join()) kept.rules = rules;
  if ($("memory").value !== "sc") kept.memory = $("memory").value;
  if ($("search").value !== "dpor") kept.search = $("search").value;
  if (shown.run && asked.cells[0]?.question.text === kept.text) kept.at = [shown.cell.judge, shown.cell.memory, shown.step];
  return Link.write(kept);
}

// Addresses are written one after the other, each as it was when that was asked for.
let written = Promise.resolve();
function address() {
  if (!asked.known) return written;
  const now = held();
  return written = written.then(async () => history.replaceState(null, "", await now));
}

// Not at each step: a browser takes so many changes of an address and no more.
let later = 0;
function remember() {
  clearTimeout(later);
  later = setTimeout(address, 300);
}

// Another text in place of this one, to which the browser's way back leads.
function replace(text) {
  clearTimeout(later);
  const first = !Editor.text;
  if (!first) address();
  Editor.text = text;
  changed();
  if (first) return;
  const now = held();
  written = written.then(async () => history.pushState(null, "", await now));
}

async function recall() {
  const kept = await Link.read(location.hash);
  if (typeof kept?.text !== "string") return false;
  Editor.text = kept.text;
  const sets = asked.known.rules.map(set => set.name);
  const rules = Array.isArray(kept.rules) ? kept.rules.filter(each => typeof each === "string") : sets;
  for (const box of document.querySelectorAll("#sets input")) box.checked = rules.includes(box.value);
  asked.changed = rules.filter(each => !sets.includes(each));
  showChanged();
  for (const [id, otherwise] of [["memory", "sc"], ["search", "dpor"]]) {
    $(id).value = kept[id];
    if ($(id).selectedIndex < 0) $(id).value = otherwise;
  }
  changed();
  if (Array.isArray(kept.at)) showAgain(kept.at);
  return true;
}

// Where the one who passed the link on was looking.
async function showAgain([set, memory, step]) {
  await judge("page");
  const one = asked.cells.find(({cell}) => cell.judge === set && cell.memory === memory);
  if (!one) return;
  await open(one);
  if (shown.run && Number.isInteger(step)) goTo(step);
}

// Fit for a mail: a line each, within its width.
function tableText() {
  const {test} = asked.cells[0];
  const width = Math.max(...asked.cells.map(({cell}) => spoken(cell).length));
  const lines = asked.cells.map(({cell}) => `  ${spoken(cell).padEnd(width)}  ${`${cell.verdict}${cell.harm ? " (harm)" : ""}`.padEnd(18)}  ${kernelsOf(cell.judge)}`);
  return `${test.name}: ${test.about}\n  ${test.claim} ${test.condition}\n\n${lines.map(line => line.trimEnd()).join("\n")}\n`;
}

function command() {
  const rules = chosen(), all = asked.known.rules.map(set => set.name);
  const only = rules.join() === all.join() ? "" : ` --rules ${rules.join("+")}`;
  return `cleave litmus ${asked.cells[0].test.path}${only}` + ($("memory").value === "sc" ? "" : ` --memory ${$("memory").value}`) +
    ($("search").value === "dpor" ? "" : ` --search ${$("search").value}`);
}

async function pass(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    $("copied").textContent = `${what} copied.`;
  } catch {  // not allowed here: it is shown, to be copied by hand
    const pre = h("pre", {}, text);
    $("copied").replaceChildren(`${what}, to be copied from here:`, pre);
    getSelection().selectAllChildren(pre);
  }
}

function save() {
  const url = URL.createObjectURL(new Blob([Editor.text], {type: "text/plain"}));
  h("a", {href: url, download: `${asked.checked?.name ?? "test"}.litmus`}).click();
  URL.revokeObjectURL(url);
}

function offerToPass() {
  const judged = () => asked.cells.length > 0;
  $("link").addEventListener("click", async () => { await address(); pass(location.href, "Link"); });
  $("save").addEventListener("click", save);
  $("mail").addEventListener("click", () => { if (judged()) pass(tableText(), "Table"); });
  $("native").addEventListener("click", () => { if (judged()) pass(command(), "Command"); });
}

// The page of the laboratory: what is edited, and what it is asked.
"use strict";

const catalogue = JSON.parse($("catalogue").textContent);  // [{name, text}], the catalogue's files
const editing = new Laboratory(), judging = new Laboratory();
const asked = {known: null, changed: [], run: 0, cells: [], checked: null, judged: null};

function offerExamples() {
  const groups = new Map();
  for (const {name} of catalogue) {
    const folder = name.split("/")[0];
    groups.set(folder, (groups.get(folder) ?? []).concat(name));
  }
  $("examples").append(h("option", {value: ""}, "a test of your own"), ...[...groups].map(([folder, names]) =>
    h("optgroup", {label: folder}, names.map(name => h("option", {value: name}, name.slice(folder.length + 1))))));
}

// What a test has, to begin one's own with: the smallest that says something, and how to go on.
const beginning = `litmus my-test
"A child reads what its parent writes after the fork."

page x = 1            # both will have it, and it holds 1

process P {           # the parent
  fork C
  write x 2
}

process C from P {    # the child, from the fork on
  read x -> r         # r is what it reads
}

forbidden C:r = 2     # what must never be, in any order

# No kernel lets that happen. What one did for years:
# in the child, in place of the line with read,
#   p = get x         (a reference, as system calls take it)
#   unmap x
#   signal taken
#   peek p -> r       (reads by the reference)
# and in the parent, before the line with write,
#   wait taken
`;

function openExample(name) {
  replace(catalogue.find(each => each.name === name)?.text ?? beginning);
  judge("page");  // so that there is something to look at
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
  asked.checked = null;
  document.body.classList.toggle("outdated", asked.judged !== null && asked.judged !== Editor.text);
  $("examples").value = catalogue.find(each => each.text === Editor.text)?.name ?? "";
  clearTimeout(soon);
  soon = setTimeout(() => { check(); remember(); }, 150);
}

async function begin() {
  offerExamples();
  offerToPass();
  offerHunt();
  Editor.begin(changed);
  $("examples").addEventListener("change", event => openExample(event.target.value));
  $("new").addEventListener("click", () => { openExample(""); $("source").focus(); });
  $("judge").addEventListener("click", () => judge());
  $("stop").addEventListener("click", () => judging.stop());
  $("source").addEventListener("keydown", event => { if (event.ctrlKey && event.key === "Enter" && !$("judge").disabled) judge(); });
  for (const id of ["base", "knob"]) $(id).addEventListener("change", offerAnswers);
  for (const id of ["sets", "memory", "search"]) $(id).addEventListener("change", remember);
  $("add").addEventListener("click", addChanged);
  addEventListener("hashchange", recall);
  asked.known = await editing.ask({ask: "words"});
  if (asked.known.error) return say(asked.known.error);
  Editor.learn(asked.known.words);
  offerRules(asked.known);
  offerStarts(asked.known);
  say("Ready.");
  if (await recall()) return;
  if (location.hash) $("copied").textContent = "This link cannot be read: a part of it is missing. Here is an example instead.";
  openExample("leak/child-get-unmap");
}
const begun = begin();

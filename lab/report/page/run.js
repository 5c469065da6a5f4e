// One judgement, and its run step by step, in both pages. What is shown is in `shown`, with the data that its numbers point
// into. The page around it says what to do when the reader goes on: remember(), close().
"use strict";

const shown = {data: null, cell: null, run: null, step: 0, button: null};

// The parts of a cell are in the document from here on: its run, if it has one, is drawn.
function showRun(test, at) {
  if (!shown.run) return;
  shown.views = [shown.run.start, ...shown.run.steps.map(step => step[5])].map(view => Picture.read(shown.data.views[view]));
  shown.stage = new Picture.Stage($("picture"), test.names, shown.views);
  goTo(at ?? (shown.run.decision === null ? shown.run.steps.length : shown.run.decision + 1));
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
  const parts = [h("span", {class: "op"}, group.flush ? `a store leaves the buffer: ${shown.data.words[run.steps[group.first][3]]}` : shown.data.words[group.operation])];
  if (group.folded) parts.push(h("span", {class: "soft"}, " (does not matter)"));
  if (run.decision >= group.first && run.decision <= group.last && run.decision !== null) parts.push(" ", h("span", {class: "tag"}, "decides"));
  for (let at = group.first; at <= group.last; ++at)
    for (const word of run.steps[at][4]) parts.push(h("div", {class: "rule"}, shown.data.words[word]));
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
  const parts = [h("span", {class: "who"}, run.threads[thread]), "  ", h("code", {}, shown.data.words[operation]),
    shown.data.words[label] &&
      h("span", {class: "soft"}, ` \u2013 ${kind === 2 ? "a store leaves the buffer: " : kind === 1 ? "into the buffer: " : ""}${shown.data.words[label]}`)];
  if (at === run.decision) parts.push(" ", h("span", {class: "tag"}, "decides"));
  if (at === run.turning) parts.push(" ", h("span", {class: "tag harmful"}, "inevitable from here"));
  for (const word of decided) parts.push(h("div", {class: "rule"}, shown.data.words[word]));
  if (at === run.steps.length - 1) parts.push(h("div", {}, h("b", {}, `The end: ${run.what}`)));
  return parts;
}

document.addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || !shown.cell || event.target.closest?.("textarea")) return;
  if (event.key === "Escape") return close();
  if (!shown.run || event.target.closest?.("#table, input, select")) return;
  const to = {ArrowRight: shown.step + 1, ArrowLeft: shown.step - 1, Home: 0, End: shown.run.steps.length}[event.key];
  if (to === undefined) return;
  event.preventDefault();
  goTo(to);
});
addEventListener("resize", () => { if (shown.run) draw(); });

// A hunt: all programs up to a bound, part by part, and the smallest of those that show something.
"use strict";

const hunt = {laboratory: null, run: 0, found: [], programs: 0, cut: 0, known: 0};
const harms = {leak: "bytes are seen of another process, or that were never there", lost: "a write is not seen that must be, or a pin and its owner part",
  killed: "a process dies of what it was allowed to do", hang: "a call never returns", broken: "the counts and marks do not hold",
  differs: "it ends otherwise than there"};

function offerHunt() {
  $("hunt").addEventListener("click", goHunting);
  $("rest").addEventListener("click", () => hunt.laboratory?.stop());
}

function offerStarts({starts, rules}) {
  fill($("start"), [...starts.map(each => [each, each]), ["all", "all of these"]]);
  fill($("against"), [["spec", "what memory promises"], ...rules.map(set => [set.name, `what ${set.name} does`])]);
}

// The smallest first; what several parts came down to is there once.
const order = (one, other) => one.size - other.size || (one.program < other.program ? -1 : one.program > other.program ? 1 : 0);
const same = (one, other) => one.program === other.program && one.kind === other.kind && one.memory === other.memory;

function addFound(finding) {
  const known = hunt.found.find(each => same(each, finding));
  if (known) return;
  const next = hunt.found.findIndex(each => order(finding, each) < 0);
  const at = next < 0 ? hunt.found.length : next;
  hunt.found.splice(at, 0, finding);
  const row = h("tr", {}, h("td", {title: harms[finding.kind]}, mark("always", "harmful"), finding.kind),
    h("td", {}, h("button", {type: "button", onclick: () => openFound(finding)}, finding.program)),
    h("td", {class: "soft"}, (finding.memory === "sc" ? "" : `${finding.memory}: `) + finding.rules.join(" ")));
  const body = $("found").tBodies[0];
  body.insertBefore(row, body.rows[at] ?? null);
}

function openFound(finding) {
  replace(finding.litmus);
  $("source").scrollIntoView({block: "center"});
  judge();
}

async function goHunting() {
  const run = ++hunt.run, begin = performance.now();
  hunt.laboratory ??= new Laboratory();
  hunt.laboratory.stop();
  Object.assign(hunt, {found: [], programs: 0, cut: 0, known: 0});
  const head = ["Harm", "Program", "Under"].map(name => h("th", {scope: "col"}, name));
  $("found").replaceChildren(h("thead", {}, h("tr", {}, head)), h("tbody", {}));
  const tell = text => { $("hunted").textContent = text; };
  const end = text => {
    if (run !== hunt.run) return;
    tell(text);
    $("rest").disabled = true;
    $("way").hidden = true;
  };
  $("rest").disabled = false;
  Object.assign($("way"), {hidden: false, value: 0});
  tell("Beginning.");
  const races = $("races").value;
  const question = {ask: "hunt", rules: chosen(), starts: $("start").value, depth: +$("depth").value, against: $("against").value,
    ...(races ? {races: true, memory: races} : {})};
  const all = question.rules.length ? await hunt.laboratory.ask({...question, ask: "parts"}) : {error: "Choose a rule-set first, above."};
  if (!all) return end("Stopped.");
  if (all.error) return end(all.error);
  const sofar = () => `${plural(hunt.programs, "program")}, ${plural(hunt.found.length, "minimal one")} found`;
  tell(`0 of ${plural(all.parts.length, "part")}`);
  for (const part of all.parts.keys()) {
    const answer = await hunt.laboratory.ask({...question, part});
    if (run !== hunt.run) return;
    if (!answer) return end(`Stopped after ${part} of ${plural(all.parts.length, "part")}: ${sofar()}.`);
    if (answer.error) return end(answer.error);
    hunt.programs += answer.programs;
    hunt.cut += answer.cut;
    for (const count of Object.values(answer.known ?? {})) hunt.known += count;
    answer.findings.forEach(addFound);
    $("way").value = (part + 1) / all.parts.length;
    tell(`${part + 1} of ${plural(all.parts.length, "part")}, ${sofar()}`);
  }
  end(`All up to the bound: ${sofar()}, ${((performance.now() - begin) / 1000).toFixed(1)} s.` +
    (hunt.cut ? ` ${plural(hunt.cut, "race")} had too many orders to try each.` : "") +
    (hunt.known ? ` ${plural(hunt.known, "end")} that Linux is known to give of huge pages.` : ""));
}

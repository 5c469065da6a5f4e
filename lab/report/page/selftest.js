// `#selftest` opens every cell and steps through every run by keys, as a reader would, and notes what goes wrong.
"use strict";

function selfTest() {
  const errors = [];
  let cells = 0, runs = 0, steps = 0;
  const note = what => { if (errors.length < 20) errors.push(what); };
  addEventListener("error", event => note(`error: ${event.message}`));
  addEventListener("unhandledrejection", event => note(`rejection: ${event.reason}`));
  const press = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  const stepped = new Set();

  const checkStep = (name, step) => {
    if ($("step").textContent !== `${step} of ${shown.run.steps.length}`) note(`${name}: at ${$("step").textContent}, not at ${step}`);
    const picture = $("picture").outerHTML;
    if (/NaN|undefined|null/.test(picture)) note(`${name}, step ${step}: the picture has no number somewhere`);
    if (!$("picture").getAttribute("aria-label")) note(`${name}, step ${step}: the picture has no words`);
    if (step > 0 && $("schedule").querySelectorAll("tr.now").length !== 1) note(`${name}, step ${step}: no row of the schedule`);
    const folios = shown.views[step].folios.length;
    if ($("picture").querySelectorAll("g.folio rect.box").length < folios) note(`${name}, step ${step}: a page is missing`);
    const arrows = $("picture").querySelectorAll("path.line.get, path.line.pin").length;
    if (arrows !== shown.views[step].references.length) note(`${name}, step ${step}: an arrow is missing`);
  };

  const walk = name => {
    const last = shown.run.steps.length;
    press(document.body, "Home");
    checkStep(name, 0);
    for (let step = 1; step <= last; ++step) {
      press(document.body, "ArrowRight");
      checkStep(name, step);
      ++steps;
    }
    press(document.body, "ArrowRight");  // nothing comes after the end
    checkStep(name, last);
    press(document.body, "ArrowLeft");
    checkStep(name, last - 1);
    press(document.body, "End");
    checkStep(name, last);
  };

  const check = cell => {
    ++cells;
    const name = `${shown.test.name} under ${spoken(cell)}`;
    if (shown.cell !== cell) return note(`${name}: another cell opened`);
    if (cell.verdict === "sometimes" && cell.run === null && cell.said === undefined) note(`${name}: no run`);
    if (cell.run === null || stepped.has(`${cell.run} ${shown.test.name}`)) return;
    stepped.add(`${cell.run} ${shown.test.name}`);
    ++runs;
    walk(name);
  };

  const walkTable = () => {
    const row = rows[0];
    const there = row.buttons.filter(Boolean);
    focusCell(there[0]);
    press(document.activeElement, "End");
    if (document.activeElement !== there[there.length - 1]) note("the table: End does not go to the last cell");
    press(document.activeElement, "Home");
    if (document.activeElement !== there[0]) note("the table: Home does not go to the first cell");
    press(document.activeElement, "ArrowRight");
    if (document.activeElement !== (there[1] || there[0])) note("the table: the right arrow does not go right");
    there[0].click();
    press(document.body, "Escape");
    if (document.activeElement !== there[0]) note("Escape does not go back to the cell");
  };

  const tryFilter = () => {
    const harm = document.querySelector("#harms button");
    harm.click();
    const wrong = rows.filter(each => each.tr.hidden === (each.test.harm === harm.dataset.harm));
    if (wrong.length) note(`the filter by ${harm.dataset.harm} is wrong for ${wrong[0].test.name}`);
    harm.click();
    $("name").value = rows[0].test.name;
    filter();
    if (rows.filter(each => !each.tr.hidden).length !== 1) note("the filter by name does not leave one test");
    $("name").value = "";
    filter();
    if (rows.some(each => each.tr.hidden)) note("the filter hides what it should show");
  };

  try {
    for (const {test, buttons} of rows) {
      for (const button of buttons) {
        if (!button) continue;
        button.click();
        check(shown.cell);
        if (shown.button !== button) note(`${test.name}: another cell is marked`);
      }
      for (const cell of test.cells.filter(each => !each.column)) { open(test, cell); check(cell); }
    }
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) note(`the page is ${page.scrollWidth} wide, the window ${page.clientWidth}`);
    if (rows.length) { walkTable(); tryFilter(); }
    for (const link of document.querySelectorAll("[href^=http], [src]"))
      if (link.tagName !== "A") note(`${link.tagName} asks the network`);
  } catch (error) {
    note(`${error}\n${error.stack}`);
  }
  // What is awaited is known only later.
  setTimeout(() => {
    document.body.replaceChildren(h("pre", {id: "selftest"},
      [`selftest: ${errors.length ? "failed" : "passed"}`, `cells ${cells}`, `runs ${runs}`, `steps ${steps}`, ...errors].join("\n")));
  }, 50);
}
if (selfTested()) selfTest();

// The page in a headless Chromium, from its file and without a network, used as a reader uses it.
//   browser.js <chromium> <page.html> [<folder for pictures>]
"use strict";

const path = require("path");
const {browse} = require("./tab.js");
const [chromium, page, pictures] = process.argv.slice(2);
const address = `file://${path.resolve(page)}`;

let failed = 0;
const fail = what => { ++failed; console.log(`failed: ${what}`); };
const reader = async (what, use) => {
  const before = failed, begin = Date.now();
  await browse(chromium, fail, pictures, use);
  if (failed === before) console.log(`${what} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
};

const ready = [`!$("judge").disabled && asked.checked && asked.checked.faults.length === 0 && !document.querySelector("#faults li")`, "the test to be checked"];
const over = [`$("stop").disabled && asked.cells.length > 0`, "the verdicts"];
const stepping = [`!!shown.run && !!$("step")`, "a run to step through"];

// Sets the cursor before or behind the first place of `text` in the test.
const cursor = (text, behind) => `(() => { const at = Editor.text.indexOf(${JSON.stringify(text)}) + ${behind ? text.length : 0};
  $("source").focus(); $("source").setSelectionRange(at, at); $("source").dispatchEvent(new Event("click")); })()`;

async function fits(tab, what) {
  const [is, may] = await tab.look(`[document.documentElement.scrollWidth, document.documentElement.clientWidth]`);
  if (is > may) fail(`${what}: the page is ${is} wide, the window ${may}`);
}

async function judge(tab) {
  await tab.until(...ready);
  await tab.click("judge");
  await tab.until(...over);
}

async function stepByKeys(tab) {
  await tab.press("Home");
  await tab.expect(`shown.step === 0 && $("step").textContent.startsWith("0 of")`, "Home does not go to the start");
  const last = await tab.look(`shown.run.steps.length`);
  for (let step = 1; step <= last; ++step) await tab.press("ArrowRight");
  await tab.expect(`shown.step === ${last}`, "the right arrow does not go to the end");
  await tab.press("ArrowLeft");
  await tab.expect(`shown.step === ${last - 1}`, "the left arrow does not go back");
  await tab.press("End");
  await tab.expect(`shown.step === ${last} && $("said").textContent.includes("The end")`, "End does not go to the end");
}

// A word is coloured, explained and completed; what is wrong is told at its line.
async function edit(tab) {
  await tab.expect(`document.querySelector("#colours .of-statement").textContent === "fork"`, "a statement has no colour");
  await tab.look(cursor("unmap", true));
  await tab.expect(`$("meaning").textContent.includes("munmap")`, "the word at the cursor is not explained");
  await tab.look(cursor("fork C", true));
  await tab.type("\n  ");
  await tab.expect(`["write", "pin", "unmap"].every(word => $("completions").textContent.includes(word))`, "an empty line offers no statements");
  await tab.type("unm");
  await tab.expect(`$("completions").textContent.startsWith("unmap")`, "what may begin the line is not offered first");
  for (let i = 0; i < 3; ++i) await tab.press("Backspace");
  await tab.type("migr");
  await tab.press(" ", 2);
  await tab.expect(`/fork C\\n  migrate\\n/.test(Editor.text)`, "Control and Space do not complete");
  await tab.until(`document.querySelectorAll("#faults li").length === 1 && $("judge").disabled`, "a fault");
  await tab.expect(`/line 1[0-9]/.test($("faults").textContent) && document.querySelectorAll("#colours .wrong").length === 1`, "the fault is not at its line");
  await tab.expect(`document.querySelector("#colours .wrong").textContent.includes("migrate") ||
    document.querySelector("#colours .wrong").previousElementSibling.textContent.includes("migrate")`, "another line is marked than the wrong one");
  await tab.type(" x");
  await tab.until(...ready);
}

// A rule-set with one knob changed, chosen from menus.
async function change(tab) {
  await tab.look(`$("how").open = true`);
  await tab.choose("base", "E1");
  await tab.choose("knob", "reuse_small");
  await tab.choose("answer", "map");
  await tab.click("add");
  await tab.expect(`chosen().includes("E1,reuse_small=map")`, "the menus add no rule-set");
}

// From the opened file, which shows an example by itself, to a test of one's own and a harm.
async function first(tab) {
  await tab.open(address);
  await tab.until(...over);
  await tab.until(...stepping);
  await tab.expect(`asked.cells.find(each => each.cell.judge === "A").cell.verdict === "always"`, "A does not always leak");
  await tab.expect(`/Harm under A\\.$/.test($("progress").textContent)`, "what comes of it is not said in a sentence");
  await tab.picture("web-light");
  await judge(tab);
  await tab.until(...stepping);
  await stepByKeys(tab);
  await edit(tab);
  await tab.expect(`$("examples").value === ""`, "a test that was changed is taken for the example");
  await tab.expect(`document.body.classList.contains("outdated")`, "the verdicts look as if they were of the changed test");
  await tab.click("new");
  await tab.until(`${over[0]} && asked.cells[0].test.name === "my-test"`, "the new test to be judged");
  await tab.expect(`asked.cells.every(each => !each.cell.harm) && /No harm/.test($("progress").textContent)`, "what one begins with is harmful");
  await tab.look(cursor("  write x 2", false));
  await tab.type("  wait taken\n");
  await tab.look(`(() => { const at = Editor.text.indexOf("  read x"); $("source").focus(); $("source").setSelectionRange(at, Editor.text.indexOf("}", at)); })()`);
  await tab.type("  p = get x\n  unmap x\n  signal taken\n  peek p -> r\n");
  await tab.until(...ready);
  await change(tab);
  await tab.look(cursor("forbidden", true));
  await tab.press("Enter", 2);  // with Control: judges
  await tab.until(...over);
  await tab.until(...stepping);
  for (const set of ["A", "E1,reuse_small=map"]) await tab.expect(`asked.cells.find(each => each.cell.judge === "${set}").cell.harm`, `${set} does no harm`);
  await tab.expect(`!asked.cells.find(each => each.cell.judge === "E1").cell.harm`, "E1 does harm");
}

// What was copied, once by the clipboard, and once as it is shown where there is none.
async function passOn(tab) {
  const pass = async (id, clipboard) => {
    await tab.look(`$("copied").replaceChildren(); window.copied = undefined; navigator.clipboard.writeText =
      async text => { if (!${clipboard}) throw new Error("not allowed"); window.copied = text; }`);
    await tab.click(id);
    await tab.until(`$("copied").textContent !== ""`, `${id} to copy`);
    return tab.look(clipboard ? `window.copied` : `getSelection().toString()`);
  };
  for (const clipboard of [true, false]) {
    const table = await pass("mail", clipboard), command = await pass("native", clipboard);
    if (!/^my-test: .*\n +forbidden /.test(table) || !/ +A +\w+ \(harm\) +Linux up to 5.7/.test(table)) fail(`the table is not one: ${table}`);
    if (Math.max(...table.split("\n").slice(1).map(line => line.length)) > 76) fail(`the table is too wide for a mail: ${table}`);
    if (!/^cleave litmus my-test.litmus --rules .*E1,reuse_small=map/.test(command)) fail(`the command is not one: ${command}`);
  }
  const link = await pass("link", true);
  if (!/^file:.*#t=[\w-]+$/.test(link)) fail(`the link is not one: ${link}`);
  return link;
}

// The browser's way back leads to the test that was there before.
async function back(tab) {
  const mine = await tab.look(`Editor.text`);
  await tab.choose("examples", "leak/child-get-unmap");
  await tab.until(...ready);
  await tab.until(`held().then(now => now === location.hash)`, "the address of the example");
  await tab.look(`history.back()`);
  await tab.until(`Editor.text === ${JSON.stringify(mine)}`, "the way back to one's own test");
}

// Another reader, with a fresh profile and the link: what was looked at is looked at.
async function follow(tab, link) {
  await tab.dark();
  await tab.open(link);
  await tab.until(...over);
  await tab.until(`${stepping[0]} && shown.cell.judge === "A" && shown.step > 0`, "the run that the link leads to");
  await tab.expect(`/litmus my-test/.test(Editor.text) && chosen().includes("E1,reuse_small=map")`, "the link does not hold the test and its rule-sets");
  await tab.picture("web-dark");
}

// A link of which a part is missing, and one that holds nonsense: said, and an example in its place.
async function badLinks(tab) {
  const nonsense = {text: "litmus", rules: ["nonsense", 7], memory: "x", search: [], at: ["A", {}, "y"]};
  for (const [hash, what] of [["#t=AAAA", /cannot be read/], ["#t=", /cannot be read/], ["#t=%", /cannot be read/]]) {
    await tab.open(address + hash);
    if (!what.test(await tab.look(`$("copied").textContent`))) fail(`${hash} is not told`);
    await tab.until(...over);
  }
  const link = await tab.look(`Link.write(${JSON.stringify(nonsense)})`);
  await tab.open(address + link);
  await tab.until(`document.querySelectorAll("#faults li").length > 0 && !/judged$/.test($("progress").textContent)`, "what is wrong with the link's test");
  await tab.choose("examples", "leak/child-get-unmap");
  await tab.until(...ready);
  await tab.click("judge");
  await tab.until(`/nonsense/.test($("progress").textContent)`, "a rule-set that is none to be told");
}

// As long as it takes natively many times over, and yet it ends at once; the next judgement is as ever.
async function stop(tab) {
  const stopped = `new Promise(resolve => { const begin = performance.now(); $("stop").click();
    const look = () => $("stop").disabled ? resolve(performance.now() - begin) : setTimeout(look, 1); look(); })`;
  await tab.open(address);
  await tab.choose("examples", "swap/swap-out-against-fork");
  await tab.choose("search", "states");
  await tab.until(...ready);
  // While it judges; and again while the laboratory starts anew, before it has begun.
  for (const when of ["at work", "at its start"]) {
    await tab.click("judge");
    await tab.until(`!$("stop").disabled`, "judging to begin");
    const took = await tab.look(stopped);
    if (took > 1000) fail(`Stop, ${when}, took ${took} ms`);
    await tab.expect(`/^Stopped/.test($("progress").textContent)`, `Stop, ${when}, does not say so`);
  }
  await tab.choose("search", "dpor");
  await judge(tab);
  // A laboratory that dies says so, and the next one answers.
  await tab.expect(`judging.ask(undefined).then(({error}) => /^The laboratory ended/.test(error))`, "a laboratory that ended does not say so");
  await judge(tab);
  await tab.expect(`/judgements?, /.test($("progress").textContent)`, "after an end nothing is judged");
}

// What a hunt finds opens as a test, which shows the same; it can be stopped, and finds nothing where nothing is.
async function goHunting(tab) {
  await tab.open(address);
  await tab.look(`$("hunting").open = true`);
  await tab.choose("depth", "3");
  await tab.click("hunt");
  await tab.until(`$("rest").disabled && /^All up to the bound/.test($("hunted").textContent)`, "the hunt to end");
  await tab.look(`$("hunting").scrollIntoView()`);
  await tab.picture("web-hunt");
  await tab.expect(`hunt.found.length > 0 && hunt.found.every((each, at) => at === 0 || hunt.found[at - 1].size <= each.size)`, "it finds nothing, or not the smallest first");
  const [name, rules] = await tab.look(`[hunt.found[0].name, hunt.found[0].rules]`);
  await tab.look(`document.querySelector("#found button").click()`);
  await tab.until(`${over[0]} && asked.cells[0].test.name === ${JSON.stringify(name)}`, "what was found to be judged");
  for (const set of rules) await tab.expect(`asked.cells.find(each => each.cell.judge === "${set}").cell.harm`, `${name} does no harm under ${set}`);
  await tab.choose("depth", "5");
  await tab.choose("start", "all");
  await tab.choose("races", "tso");
  await tab.click("hunt");
  await tab.until(`/^\\d+ of/.test($("hunted").textContent)`, "the hunt to begin");
  const took = await tab.look(`new Promise(resolve => { const begin = performance.now(); $("rest").click();
    const look = () => $("rest").disabled ? resolve(performance.now() - begin) : setTimeout(look, 1); look(); })`);
  if (took > 1000) fail(`Stop of a hunt took ${took} ms`);
  await tab.expect(`/^Stopped after/.test($("hunted").textContent)`, "Stop of a hunt does not say so");
}

async function phone(tab) {
  await tab.dark();
  await tab.open(address, 360, 740);
  await tab.until(...over);
  await tab.expect(`getComputedStyle($("detail")).display === "none"`, "a run covers the page that was opened");
  await fits(tab, "at the start");
  await tab.picture("web-phone-start");
  for (const id of ["how", "hunting"]) {
    await tab.look(`$("${id}").open = true`);
    await fits(tab, `with ${id}`);
    await tab.look(`$("${id}").open = false`);
  }
  await judge(tab);
  await tab.until(...stepping);
  await fits(tab, "with a run");
  await tab.picture("web-phone");
  await tab.press("Escape");
  await tab.expect(`getComputedStyle($("detail")).display === "none"`, "Escape does not close the run");
  await fits(tab, "with a table");
  await tab.look(`$("verdicts").scrollIntoView()`);
  await tab.picture("web-phone-table");
}

// By Tab alone one comes to everything that can be used, and each has a name for those who do not see it.
async function keyboard(tab) {
  await tab.open(address);
  await tab.until(...over);
  await tab.until(...stepping);
  await tab.look(`for (const each of document.querySelectorAll("details")) each.open = true; document.activeElement.blur(); window.met = new Set()`);
  const all = `[...document.querySelectorAll("button, select, textarea, input, summary, a[href]")].filter(each => !each.disabled && each.tabIndex >= 0 && each.getClientRects().length)`;
  const count = await tab.look(`${all}.length`);
  for (let i = 0; i < count + 20; ++i) {  // what scrolls is come to as well
    await tab.press("Tab");
    await tab.look(`met.add(document.activeElement)`);
  }
  const missed = await tab.look(`${all}.filter(each => !met.has(each)).map(each => each.id || each.textContent)`);
  if (count < 40 || missed.length) fail(`of ${count}, Tab does not come to ${missed}`);
  const {nodes} = await tab.send("Accessibility.getFullAXTree");
  const nameless = nodes.filter(({ignored, role, name}) => !ignored && !name?.value &&
    ["button", "combobox", "textbox", "checkbox", "slider", "link", "image", "progressbar", "DisclosureTriangle"].includes(role?.value));
  if (nodes.length < 100 || nameless.length) fail(`without a name: ${nameless.map(each => each.role.value)}`);
}

async function everyExample(tab) {
  await tab.open(address);
  const names = await tab.look(`catalogue.map(each => each.name)`);
  let harmful = 0;
  for (const name of names) {
    await tab.choose("examples", name);
    await tab.expect(`Editor.text === catalogue.find(each => each.name === ${JSON.stringify(name)}).text`, `${name} is not opened`);
    await tab.until(`${over[0]} && asked.cells[0].question.text === Editor.text`, `${name} to be judged`);
    await tab.expect(`/judgements?, /.test($("progress").textContent)`, `${name} is not judged`);
    await tab.expect(`asked.cells.every(each => each.cell.standing !== "deviates")`, `${name} is not judged as expected`);
    if (!await tab.look(`asked.cells.some(each => each.cell.harm)`)) continue;
    await tab.until(...stepping);
    ++harmful;
  }
  if (names.length < 100 || harmful < 50) fail(`${names.length} examples, ${harmful} of them harmful: that is not the catalogue`);
}

(async () => {
  let link = null;
  await reader("a first test of one's own, its harm, and its link", async tab => {
    await first(tab);
    link = await passOn(tab);
    await back(tab);
  });
  if (link) await reader("the link, for another reader", tab => follow(tab, link));
  await reader("links that are none", badLinks);
  await reader("Stop, and an end", stop);
  await reader("a hunt", goHunting);
  await reader("a phone", phone);
  await reader("by keys alone, and by names", keyboard);
  await reader("every example", everyExample);
  console.log(failed ? `${failed} failed` : "the page does what it says");
  process.exit(failed ? 1 : 0);
})();

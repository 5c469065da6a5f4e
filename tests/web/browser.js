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
  const before = failed;
  await browse(chromium, fail, pictures, use);
  if (failed === before) console.log(what);
};

const ready = `!$("judge").disabled && asked.checked && asked.checked.faults.length === 0 && !document.querySelector("#faults li")`;
const over = `$("stop").disabled && asked.cells.length > 0`;
const stepping = `!!shown.run && !!$("step")`;

// Sets the cursor before or behind the first place of `text` in the test.
const cursor = (text, behind) => `(() => { const at = Editor.text.indexOf(${JSON.stringify(text)}) + ${behind ? text.length : 0};
  $("source").focus(); $("source").setSelectionRange(at, at); $("source").dispatchEvent(new Event("click")); })()`;

async function fits(tab, what) {
  const [is, may] = await tab.look(`[document.documentElement.scrollWidth, document.documentElement.clientWidth]`);
  if (is > may) fail(`${what}: the page is ${is} wide, the window ${may}`);
}

async function judge(tab) {
  await tab.until(ready);
  await tab.click("judge");
  await tab.until(over);
}

// What a copy button passes on: in the clipboard, or to be seen where there may be none.
const passed = `document.querySelector("#copied pre")?.textContent ?? navigator.clipboard.readText()`;

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
  await tab.type("migr");
  await tab.press(" ", 2);
  await tab.expect(`/fork C\\n  migrate\\n/.test(Editor.text)`, "Control and Space do not complete");
  await tab.until(`document.querySelectorAll("#faults li").length === 1 && $("judge").disabled`);
  await tab.expect(`/line 1[0-9]/.test($("faults").textContent) && document.querySelectorAll("#colours .wrong").length === 1`, "the fault is not at its line");
  await tab.expect(`document.querySelector("#colours .wrong").textContent.includes("migrate") ||
    document.querySelector("#colours .wrong").previousElementSibling.textContent.includes("migrate")`, "another line is marked than the wrong one");
  await tab.type(" x");
  await tab.until(ready);
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

// From the opened file to a test of one's own, a harm, and the link to it.
async function first(tab) {
  await tab.open(address);
  await judge(tab);
  await tab.until(stepping);
  await tab.expect(`asked.cells.find(each => each.cell.judge === "A").cell.verdict === "always"`, "A does not always leak");
  await stepByKeys(tab);
  await tab.picture("web-light");
  await edit(tab);
  await tab.choose("examples", "");
  await judge(tab);
  await tab.expect(`asked.cells.every(each => !each.cell.harm)`, "what one begins with is harmful");
  await tab.look(cursor("  write x 2", false));
  await tab.type("  wait taken\n");
  await tab.look(`(() => { const at = Editor.text.indexOf("  read x"); $("source").focus(); $("source").setSelectionRange(at, Editor.text.indexOf("}", at)); })()`);
  await tab.type("  p = get x\n  unmap x\n  signal taken\n  peek p -> r\n");
  await tab.until(ready);
  await change(tab);
  await tab.look(cursor("forbidden", true));
  await tab.press("Enter", 2);  // with Control: judges
  await tab.until(over);
  await tab.until(stepping);
  for (const set of ["A", "E1,reuse_small=map"]) await tab.expect(`asked.cells.find(each => each.cell.judge === "${set}").cell.harm`, `${set} does no harm`);
  await tab.expect(`!asked.cells.find(each => each.cell.judge === "E1").cell.harm`, "E1 does harm");
}

async function passOn(tab) {
  await tab.send("Browser.grantPermissions", {permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"]}).catch(() => {});
  const pass = async id => {
    await tab.look(`$("copied").replaceChildren()`);
    await tab.click(id);
    await tab.until(`$("copied").textContent !== ""`);
    return tab.look(passed);
  };
  const table = await pass("mail"), command = await pass("native"), link = await pass("link");
  if (!/^my-test: .*\n +forbidden /.test(table) || !/ +A +.*\(forbidden\)/.test(table)) fail(`the table is not one: ${table}`);
  if (Math.max(...table.split("\n").slice(1).map(line => line.length)) > 76) fail("the table is too wide for a mail");
  if (!/^cleave litmus my-test.litmus --rules .*E1,reuse_small=map/.test(command)) fail(`the command is not one: ${command}`);
  if (!/^file:.*#t=[\w-]+$/.test(link)) fail(`the link is not one: ${link}`);
  return link;
}

// Another reader, with a fresh profile and the link: what was looked at is looked at.
async function follow(tab, link) {
  await tab.dark();
  await tab.open(link);
  await tab.until(over);
  await tab.until(stepping);
  await tab.expect(`/litmus my-test/.test(Editor.text) && chosen().includes("E1,reuse_small=map")`, "the link does not hold the test and its rule-sets");
  await tab.expect(`shown.cell.judge === "A" && shown.step > 0`, "the link does not lead to the run");
  await tab.picture("web-dark");
}

// As long as it takes natively many times over, and yet it ends at once; the next judgement is as ever.
async function stop(tab) {
  await tab.open(address);
  await tab.choose("examples", "swap/swap-out-against-fork");
  await tab.choose("search", "states");
  await tab.until(ready);
  await tab.click("judge");
  await tab.until(`!$("stop").disabled`);
  const took = await tab.look(`new Promise(resolve => { const begin = performance.now(); $("stop").click();
    const look = () => $("stop").disabled ? resolve(performance.now() - begin) : setTimeout(look, 1); look(); })`);
  if (took > 1000) fail(`Stop took ${took} ms`);
  await tab.expect(`/^Stopped/.test($("progress").textContent)`, "Stop does not say so");
  await tab.choose("search", "dpor");
  await judge(tab);
  // A laboratory that dies says so, and the next one answers.
  await tab.expect(`judging.ask(undefined).then(({error}) => /^The laboratory ended/.test(error))`, "a laboratory that ended does not say so");
  await judge(tab);
  await tab.expect(`/judgements?, /.test($("progress").textContent)`, "after an end nothing is judged");
}

async function phone(tab) {
  await tab.dark();
  await tab.open(address, 360, 740);
  await fits(tab, "at the start");
  await tab.look(`$("how").open = true`);
  await fits(tab, "with the menus");
  await tab.look(`$("how").open = false`);
  await judge(tab);
  await tab.until(stepping);
  await fits(tab, "with a run");
  await tab.picture("web-phone");
  await tab.press("Escape");
  await tab.expect(`getComputedStyle($("detail")).display === "none"`, "Escape does not close the run");
  await fits(tab, "with a table");
  await tab.picture("web-phone-table");
}

async function everyExample(tab) {
  await tab.open(address);
  const names = await tab.look(`catalogue.map(each => each.name)`);
  let harmful = 0;
  for (const name of names) {
    await tab.choose("examples", name);
    await tab.until(`asked.checked && Editor.text === catalogue.find(each => each.name === ${JSON.stringify(name)}).text`);
    await judge(tab).catch(async error => { throw new Error(`${name}: ${await tab.look(`$("progress").textContent`)}: ${error.message}`); });
    await tab.until(`/judgements?, /.test($("progress").textContent)`);
    await tab.expect(`asked.cells.every(each => each.cell.standing !== "deviates")`, `${name} is not judged as expected`);
    if (!await tab.look(`asked.cells.some(each => each.cell.harm)`)) continue;
    await tab.until(stepping);
    ++harmful;
  }
  if (names.length < 100 || harmful < 50) fail(`${names.length} examples, ${harmful} of them harmful: that is not the catalogue`);
}

(async () => {
  let link = address;
  await reader("a first test of one's own, its harm, and its link", async tab => {
    await first(tab);
    link = await passOn(tab);
  });
  await reader("the link, for another reader", tab => follow(tab, link));
  await reader("Stop, and an end", stop);
  await reader("a phone", phone);
  await reader("every example", everyExample);
  console.log(failed ? `${failed} failed` : "the page does what it says");
  process.exit(failed ? 1 : 0);
})();

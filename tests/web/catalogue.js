// The catalogue in WebAssembly and natively: every answer and every token the same but for times, the command makes the
// browser's runs again, and what it costs is in proportion.
//   catalogue.js <lab.js> <lab.wasm> <answers> <cleave> <catalogue> [<search>]
"use strict";

const {spawnSync} = require("child_process");
const fs = require("fs"), path = require("path");
const {open} = require("./module.js");
const [glue, wasm, answers, cleave, catalogue, search = "dpor"] = process.argv.slice(2);
const kMost = 10;  // times the processor's time that native takes

let failed = 0;
const fail = what => { if (++failed <= 20) console.log(`failed: ${what}`); };
const output = {maxBuffer: 1 << 28, encoding: "utf8"};
const cleared = judgement => JSON.stringify({...judgement, seconds: 0});
const textOf = name => fs.readFileSync(path.join(catalogue, `${name}.litmus`), "utf8");

// What native answers, [{name, case, answer}], and the processor's seconds that it takes.
function native() {
  const {stdout, stderr, status} = spawnSync("bash", ["-c", 'TIMEFORMAT=%U; time "$@"', "time", answers, catalogue, search], output);
  if (status !== 0) throw new Error(`${answers} ended with ${status}: ${stderr}`);
  return {lines: stdout.trim().split("\n").map(line => JSON.parse(line)), seconds: +stderr.trim().split("\n").pop()};
}

// What the command says of the same: by test, rule-set and memory.
function commanded() {
  const {stdout, status} = spawnSync(cleave, ["litmus", "--json", "-j", "1", "--search", search], output);
  if (status > 1) throw new Error(`cleave litmus --json ended with ${status}`);
  const said = new Map();
  for (const test of JSON.parse(stdout).tests)
    for (const each of test.judgements)
      if (!each.rules.startsWith("engine")) said.set(`${test.name} ${each.rules} ${each.memory}`, cleared(each));
  return said;
}

const names = lines => [...new Set(lines.map(line => line.name))];

// The same questions in WebAssembly: the answers, and the processor's seconds, those of making code quick among them.
function judged(lab, lines) {
  const begin = process.cpuUsage(), found = [];
  for (const name of names(lines)) {
    const text = textOf(name);
    for (const one of lab.ask({ask: "cases", text}).cases)
      found.push({name, case: one, answer: lab.ask({ask: "judge", text, name, search, run: false, tokens: true, ...one})});
  }
  const {user} = process.cpuUsage(begin);
  return {found, seconds: user / 1e6};
}

function compare(found, lines) {
  if (found.length !== lines.length) fail(`${found.length} answers, not ${lines.length}`);
  let tokens = 0;
  for (const [at, {name, case: one, answer}] of found.entries()) {
    const expected = lines[at], what = `${name} under ${one.rules} ${one.memory}`;
    if (answer.error || !expected || JSON.stringify(one) !== JSON.stringify(expected.case)) { fail(`${what}: ${answer.error ?? "is not asked natively"}`); continue; }
    const is = cleared(answer.judgement), native = cleared(expected.answer.judgement);
    if (is !== native) fail(`${what}:\n  ${is}\n  ${native}`);
    if (answer.tokens.join() !== expected.answer.tokens.join()) fail(`${what}:\n  ${answer.tokens}\n  ${expected.answer.tokens}`);
    tokens += answer.tokens.length;
  }
  return tokens;
}

// A run that the page would show, of each test that has one: the command makes it again.
function replay(lab, found) {
  let replayed = 0;
  for (const name of names(found)) {
    const {case: one} = found.find(each => each.name === name && each.answer.judgement?.positive > 0 && each.case.memory === "sc") ?? {};
    if (!one) continue;
    const run = lab.ask({ask: "judge", text: textOf(name), name, search, ...one}).page.runs[0];
    if (!run) continue;
    const args = ["litmus", path.join(catalogue, `${name}.litmus`), "--rules", one.rules, "--replay", run.token];
    const {status, stderr} = spawnSync(cleave, args, output);
    ++replayed;
    if (status > 1) fail(`${name} under ${one.rules}: ${run.token} is not made again: ${stderr}`);
  }
  return replayed;
}

(async () => {
  const lab = await open(glue, wasm);
  const {lines, seconds} = native();
  const passes = [judged(lab, lines)];
  const {found} = passes[0];
  const tokens = compare(found, lines);
  const command = commanded();
  for (const {name, case: one, answer} of found)
    if (command.get(`${name} ${one.rules} ${one.memory}`) !== cleared(answer.judgement)) fail(`${name} under ${one.rules} ${one.memory}: the command says otherwise`);
  if (command.size !== found.length) fail(`the command judges ${command.size}, the module ${found.length}`);
  const replayed = search === "dpor" ? replay(lab, found) : 0;
  if (found.length < 1000 || tokens < 1000 || (search === "dpor" && replayed < 50)) fail("that is not the catalogue");
  // The first pass makes the code quick; a busy machine may spoil any. What is bound is what it can do.
  while (passes.length < 4 && passes[passes.length - 1].seconds > kMost * seconds) passes.push(judged(lab, lines));
  const took = passes.map(pass => pass.seconds.toFixed(1)).join(", ");
  if (passes[passes.length - 1].seconds > kMost * seconds) fail(`it takes more than ${kMost} times as long as natively`);
  console.log(`${search}: ${found.length} judgements and ${tokens} tokens as natively, ${replayed} runs made again; ` +
    `processor's time ${took} s in WebAssembly, ${seconds.toFixed(1)} s natively`);
  process.exit(failed ? 1 : 0);
})();

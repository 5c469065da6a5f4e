// Texts that are no tests give errors, and the next judgement is as it was.
//   malformed.js <lab.js> <lab.wasm> <catalogue> <seeds>
"use strict";

const fs = require("fs"), path = require("path");
const {open} = require("./module.js");
const [glue, wasm, catalogue, seeds] = process.argv.slice(2);

const good = fs.readFileSync(path.join(catalogue, "leak/child-get-unmap.litmus"), "utf8");
const texts = fs.readdirSync(seeds).map(name => fs.readFileSync(path.join(seeds, name), "latin1"));
for (let cut = 0; cut < good.length; cut += 7) texts.push(good.slice(0, cut), good.slice(0, cut) + "\u0000}" + good.slice(cut));
texts.push("", "(".repeat(100000), `${good}\n`.repeat(3), "#".repeat(2 << 20), good.replace(/\d+/g, "99999999999999999999"),
  good.replace(/exists.*|forbidden.*|always.*/, `exists ${"~(".repeat(50000)}`), "litmus x \"\ud800\"");
const questions = ["", "{", "null", "[]", "7", "{}", "{\"ask\": 7}", "{\"ask\": \"no\"}", "{\"ask\": \"judge\"}", "{\"ask\": \"check\", \"text\": 3}",
  JSON.stringify({ask: "judge", text: good, rules: "nonsense"}), JSON.stringify({ask: "judge", text: good, rules: ""}),
  JSON.stringify({ask: "judge", text: good, rules: "E1,bias=x"}), JSON.stringify({ask: "cases", text: good, rules: [1]}),
  JSON.stringify({ask: "cases", text: good, memory: "x"}), JSON.stringify({ask: "judge", text: good, rules: "A", search: "x"}),
  ...[{rules: ["nonsense"]}, {starts: "nowhere"}, {words: "no-word"}, {depth: "3"}, {against: "A+B"}, {against: "x"}, {races: true, memory: "x"}]
    .map(each => JSON.stringify({ask: "parts", ...each})),
  JSON.stringify({ask: "hunt"}), JSON.stringify({ask: "hunt", rules: ["A"], depth: 1, part: 10000}), JSON.stringify({ask: "hunt", part: -1})];

(async () => {
  const lab = await open(glue, wasm);
  const judged = () => JSON.stringify({...lab.ask({ask: "judge", text: good, rules: "A", run: false}).judgement, seconds: 0});
  const before = judged();
  let failed = 0;
  const same = what => { if (judged() !== before) { ++failed; console.log(`failed: after ${what.slice(0, 60)} the next judgement is another`); } };
  for (const question of questions) {
    if (!lab.raw(question).error) { ++failed; console.log(`failed: ${question.slice(0, 80)} gives no error`); }
    same(question);
  }
  for (const [at, text] of texts.entries()) {
    const {faults, error} = lab.ask({ask: "check", text});
    if (!error && !faults) { ++failed; console.log(`failed: text ${at} gives neither faults nor an error`); }
    for (const fault of faults ?? [])
      if (!(fault.line >= 1) || !fault.what) { ++failed; console.log(`failed: text ${at}: a fault without a place or a reason`); }
    const answer = lab.ask({ask: "judge", text, rules: "A", run: false});
    if (!!answer.judgement === !!(error || faults.length)) { ++failed; console.log(`failed: text ${at} is judged though it has faults, or not though it has none`); }
    if (at % 10 === 0) same(`text ${at}`);
  }
  console.log(`${texts.length} texts, ${questions.length} questions`);
  process.exit(failed ? 1 : 0);
})();

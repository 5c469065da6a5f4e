// The catalogue in WebAssembly and natively: every judgement the same but for times, and native makes the browser's runs again.
//   catalogue.js <lab.js> <lab.wasm> <cleave> <catalogue> [states]
"use strict";

const {execFileSync, spawnSync} = require("child_process");
const fs = require("fs"), path = require("path");
const {open} = require("./module.js");
const [glue, wasm, cleave, catalogue, search = "dpor"] = process.argv.slice(2);

let failed = 0;
const fail = what => { if (++failed <= 20) console.log(`failed: ${what}`); };

function native() {
  const args = ["litmus", "--json", "-j", "1", "--search", search];
  const {stdout, status} = spawnSync(cleave, args, {maxBuffer: 1 << 28, encoding: "utf8"});
  if (status > 1) throw new Error(`cleave ${args.join(" ")} ended with ${status}`);
  return JSON.parse(stdout).tests;
}

const cleared = judgement => JSON.stringify({...judgement, seconds: 0});

(async () => {
  const lab = await open(glue, wasm);
  let judgements = 0, replayed = 0, inside = 0, outside = 0;
  for (const test of native()) {
    const text = fs.readFileSync(path.join(catalogue, `${test.name}.litmus`), "utf8");
    const {cases} = lab.ask({ask: "cases", text});
    const expected = test.judgements.filter(each => !each.rules.startsWith("engine"));
    if (cases.length !== expected.length) fail(`${test.name}: ${cases.length} cases, not ${expected.length}`);
    let shown = null;
    for (const [at, one] of cases.entries()) {
      const {judgement, error} = lab.ask({ask: "judge", text, name: test.name, ...one, search, run: false});
      if (error) { fail(`${test.name} under ${one.rules}: ${error}`); continue; }
      ++judgements;
      inside += judgement.seconds;
      outside += expected[at].seconds;
      if (cleared(judgement) !== cleared(expected[at])) fail(`${test.name} under ${one.rules} ${one.memory}:\n  ${cleared(judgement)}\n  ${cleared(expected[at])}`);
      if (judgement.positive > 0 && one.memory === "sc") shown ??= one;
    }
    if (!shown) continue;
    const run = lab.ask({ask: "judge", text, name: test.name, ...shown, search}).page.runs[0];
    if (!run) continue;
    const {status, stderr} = spawnSync(cleave, ["litmus", path.join(catalogue, `${test.name}.litmus`), "--rules", shown.rules, "--replay", run.token], {encoding: "utf8"});
    ++replayed;
    if (status > 1) fail(`${test.name} under ${shown.rules}: ${run.token} is not made again: ${stderr}`);
  }
  console.log(`${judgements} judgements, ${replayed} runs made again; ${inside.toFixed(1)} s in WebAssembly, ${outside.toFixed(1)} s natively`);
  if (judgements < 1000 || replayed < 50) fail("that is not the catalogue");
  process.exit(failed ? 1 : 0);
})();

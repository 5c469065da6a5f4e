// Runs that never end, ten thousand of them one after the other: judged as natively.
//   endless.js <lab.js> <lab.wasm> <cleave> <catalogue>
"use strict";

const {spawnSync} = require("child_process");
const fs = require("fs"), path = require("path");
const {open} = require("./module.js");
const [glue, wasm, cleave, catalogue] = process.argv.slice(2);
const name = "mails/mail-2021-12-17-page-lock", rules = "B", search = "random";

const cleared = judgement => JSON.stringify({...judgement, seconds: 0});

(async () => {
  const lab = await open(glue, wasm);
  const file = path.join(catalogue, `${name}.litmus`);
  const {judgement, error} = lab.ask({ask: "judge", text: fs.readFileSync(file, "utf8"), rules, search, run: false});
  const {stdout} = spawnSync(cleave, ["litmus", file, "--rules", rules, "--search", search, "--json"], {encoding: "utf8"});
  const native = JSON.parse(stdout).tests[0].judgements[0];
  const right = !error && judgement.verdict === "hang" && judgement.executions >= 1000 && cleared(judgement) === cleared(native);
  console.log(right ? `${judgement.executions} runs without an end, as natively` : `failed: ${error ?? cleared(judgement)}\n  natively ${cleared(native)}`);
  process.exit(right ? 0 : 1);
})();

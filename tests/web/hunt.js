// Hunts in WebAssembly and by the command: the same findings.
//   hunt.js <lab.js> <lab.wasm> <cleave>
"use strict";

const {spawnSync} = require("child_process");
const {open} = require("./module.js");
const [glue, wasm, cleave] = process.argv.slice(2);

// As the page asks, and as the command does.
const hunts = [
  [{rules: ["A", "C0", "E1", "gvisor"], depth: 3}, ["A", "C0", "E1", "gvisor", "--depth", "3", "--races", "none"]],
  [{rules: ["E1,gup_ro=take"], against: "E1", depth: 3, starts: "swapped"}, ["E1,gup_ro=take", "--against", "E1", "--depth", "3", "--starts", "swapped", "--races", "none"]],
  // Thousands of calls that never return, each left by an exception.
  [{rules: ["B"], depth: 4, words: "get,get fast,pin,pin fast,free,protect ro,dontfork,wipeonfork,wp,swapout,migrate"}, ["B", "--depth", "4", "--words", "get,get fast,pin,pin fast,free,protect ro,dontfork,wipeonfork,wp,swapout,migrate", "--races", "none"]],
  [{rules: ["E0", "E1"], depth: 0, races: true, memory: "tso", before: 0, after: 0}, ["E0", "E1", "--depth", "0", "--races", "tso", "--before", "0", "--after", "0"]],
];

// What the answers of all parts come to.
function hunted(lab, question) {
  const found = new Map(), sum = {programs: 0, judgements: 0, runs: 0, cut: 0};
  for (const part of lab.ask({...question, ask: "parts"}).parts.keys()) {
    const answer = lab.ask({...question, ask: "hunt", part});
    if (answer.error) throw new Error(answer.error);
    for (const name of Object.keys(sum)) sum[name] += answer[name];
    for (const finding of answer.findings) {
      const key = [finding.program, finding.kind, finding.memory].join();
      found.set(key, {...finding, count: (found.get(key)?.count ?? 0) + finding.count});
    }
  }
  return {...sum, findings: [...found.values()]};
}

const ordered = findings => JSON.stringify(findings.map(each => Object.entries(each).sort()).map(each => JSON.stringify(each)).sort(), null, 1);

(async () => {
  const lab = await open(glue, wasm);
  let failed = 0, findings = 0;
  for (const [question, words] of hunts) {
    const {stdout, stderr, status} = spawnSync(cleave, ["litmus", "hunt", ...(question.starts ? [] : ["--starts", "small"]), ...words, "--json"], {encoding: "utf8", maxBuffer: 1 << 28});
    if (status > 1) throw new Error(`cleave litmus hunt ended with ${status}: ${stderr}`);
    const native = JSON.parse(stdout), here = hunted(lab, question);
    native.findings.forEach(each => { delete each.catalogue; });
    for (const name of ["programs", "judgements", "runs", "cut"])
      if (native[name] !== here[name]) { ++failed; console.log(`failed: ${words.join(" ")}: ${here[name]} ${name}, natively ${native[name]}`); }
    if (ordered(native.findings) !== ordered(here.findings)) { ++failed; console.log(`failed: ${words.join(" ")}: not the same findings: ${here.findings.length}, natively ${native.findings.length}`); }
    findings += here.findings.length;
  }
  if (findings < 10) { ++failed; console.log(`failed: ${findings} findings: that is no hunt`); }
  console.log(`${hunts.length} hunts, ${findings} findings as natively`);
  process.exit(failed ? 1 : 0);
})();

// The laboratory's module in node: `const lab = await open(lab.js, lab.wasm)`, `lab.ask(question)`.
"use strict";

const fs = require("fs"), path = require("path");

exports.open = async (glue, wasm) => {
  const said = [];
  // The bytes are given: this loader would fetch them, where node has a fetch.
  const lab = await require(path.resolve(glue))({wasmBinary: fs.readFileSync(wasm), print: text => said.push(text), printErr: text => said.push(text)});
  const raw = text => {
    const question = lab.allocateUTF8(text);
    lab._lab_ask(question);
    lab._free(question);
    return JSON.parse(lab.UTF8ToString(lab._lab_answer()));
  };
  return {raw, ask: question => raw(JSON.stringify(question)), said};
};

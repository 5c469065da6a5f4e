// The laboratory's module in node: `const lab = await open(lab.js, lab.wasm)`, `lab.ask(question)`.
"use strict";

const fs = require("fs"), path = require("path");

exports.open = async (glue, wasm) => {
  const said = [];
  // The bytes are given: this loader would fetch them, where node has a fetch.
  const lab = await require(path.resolve(glue))({wasmBinary: fs.readFileSync(wasm), print: text => said.push(text), printErr: text => said.push(text)});
  // What it has heard of errors would print all of the loader.
  for (const event of ["uncaughtException", "unhandledRejection"]) process.removeAllListeners(event);
  const raw = text => {
    const question = lab.allocateUTF8(text);
    try {
      lab._lab_ask(question);
    } catch {
      throw new Error(`the laboratory ended: ${said.join("; ")}; asked ${text.slice(0, 200)}`);
    }
    lab._free(question);
    return JSON.parse(lab.UTF8ToString(lab._lab_answer()));
  };
  return {raw, ask: question => raw(JSON.stringify(question)), said};
};

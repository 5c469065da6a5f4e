// The laboratory in a worker: gets the module once, then answers one question after the other. Ends by being terminated.
"use strict";

let lab = null;
const said = [];  // what the module wrote before it gave up

async function start(wasmBinary) {
  lab = await laboratory({wasmBinary, print: text => said.push(text), printErr: text => said.push(text)});
  postMessage({ready: true});
}

// A call that switches fibers loses its result: the answer is fetched by another.
function ask(question) {
  const text = lab.allocateUTF8(JSON.stringify(question));
  lab._lab_ask(text);
  lab._free(text);
  return JSON.parse(lab.UTF8ToString(lab._lab_answer()));
}

onmessage = async ({data}) => {
  try {
    if (data.wasm) await start(data.wasm);
    else postMessage({id: data.id, answer: ask(data.question)});
  } catch (error) {
    const why = said.filter(text => !/^Aborted/.test(text)).join("\n") || `${error.message ?? error}`;
    postMessage({id: data.id, died: `The laboratory ended: ${why}. A test that is too large for a browser may not be for the command.`});
  }
};

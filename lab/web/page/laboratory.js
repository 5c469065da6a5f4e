// A laboratory that can be asked and stopped. Made of what the page carries: no file, no network.
"use strict";

const Laboratory = (() => {
  const part = id => document.getElementById(id).textContent;
  let module = null;  // a promise of the module's bytes, unpacked once

  async function unpacked() {
    const packed = Uint8Array.from(atob(part("wasm").trim()), c => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  return class {
    constructor() { this.start(); }

    start() {
      this.waiting = new Map();  // what is to be told of each question that has no answer yet
      this.last = 0;
      const url = URL.createObjectURL(new Blob([part("glue"), "\n", part("worker")], {type: "text/javascript"}));
      const worker = this.worker = new Worker(url);
      this.ready = new Promise((resolve, reject) => {
        worker.onerror = event => reject(new Error(event.message));
        worker.onmessage = ({data}) => {
          if (data.ready) { URL.revokeObjectURL(url); return resolve(); }
          if (data.died && data.id === undefined) return reject(new Error(data.died));
          const asked = this.waiting.get(data.id);
          this.waiting.delete(data.id);
          if (data.died) this.restart();  // what is left of it cannot be trusted
          asked?.(data.died ? {error: data.died} : data.answer);
        };
        (module ??= unpacked()).then(wasm => worker.postMessage({wasm}), reject);
      });
    }

    // The answer; null where it was stopped before there was one, be it that it had not yet begun.
    ask(question) {
      return new Promise(resolve => {
        const worker = this.worker, id = ++this.last;
        this.waiting.set(id, resolve);
        this.ready.then(() => worker.postMessage({id, question}),
          error => resolve({error: `The laboratory cannot start here: ${error.message}`}));
      });
    }

    restart() {
      this.worker.terminate();
      const left = [...this.waiting.values()];
      this.start();
      for (const resolve of left) resolve(null);
    }

    // Ends what is asked, at once.
    stop() { if (this.waiting.size) this.restart(); }
  };
})();

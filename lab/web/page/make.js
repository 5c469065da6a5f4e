// Puts the page together:
//   node make.js <lab.js> <lab.wasm> <root of the project> <page.html>
"use strict";

const fs = require("fs"), path = require("path"), zlib = require("zlib");
const [glue, wasm, root, out] = process.argv.slice(2);
const read = (...way) => fs.readFileSync(path.join(root, ...way), "utf8");
const report = name => read("lab/report/page", name), own = name => read("lab/web/page", name);

function catalogue() {
  const tests = [];
  for (const folder of fs.readdirSync(path.join(root, "litmus")).sort())
    if (fs.statSync(path.join(root, "litmus", folder)).isDirectory())
      for (const file of fs.readdirSync(path.join(root, "litmus", folder)).sort())
        if (file.endsWith(".litmus")) tests.push({name: `${folder}/${file.slice(0, -7)}`, text: read("litmus", folder, file)});
  return tests;
}

// What stands in a script element must not look like the end of one.
const inScript = text => text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
const symbols = report("page.html").match(/<svg[\s\S]*?<\/svg>/)[0];
const scripts = [...["picture.js", "elements.js", "run.js"].map(report), ...["laboratory.js", "editor.js", "link.js", "sets.js", "judge.js", "pass.js", "hunt.js", "web.js"].map(own)];
const parts = {
  "/*STYLE*/": report("page.css") + own("web.css"),
  "<!--SYMBOLS-->": symbols,
  "/*WASM*/": zlib.gzipSync(fs.readFileSync(wasm), {level: 9}).toString("base64"),
  "/*GLUE*/": inScript(fs.readFileSync(glue, "utf8")),
  "/*WORKER*/": inScript(own("worker.js")),
  "/*CATALOGUE*/": JSON.stringify(catalogue()).replace(/</g, "\\u003c"),
  "/*SCRIPT*/": inScript(scripts.join("\n")),
};
fs.writeFileSync(out, own("web.html").split(new RegExp(`(${Object.keys(parts).map(mark => mark.replace(/[/*]/g, "\\$&")).join("|")})`))
  .map(piece => parts[piece] ?? piece).join(""));

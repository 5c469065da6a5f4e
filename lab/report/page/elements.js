// What both pages are made of: elements, marks, and text with addresses in it.
"use strict";

const $ = id => document.getElementById(id);

// An element: h("p", {class: "soft"}, "text", another). Text is never taken for markup.
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ""));
  return element;
}

function mark(name, kind = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `mark ${kind}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#m-${name}`);
  svg.append(use);
  return svg;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const spoken = cell => cell.judge + (cell.memory && cell.memory !== "sc" ? ` under ${cell.memory}` : "");
const flagOf = cell => cell.standing === "deviates" ? "!" : cell.standing === "open" ? "?" : "";
// What is known to the public has an address.
const known = [
  [/CVE-\d{4}-\d{4,}/, id => `https://www.cve.org/CVERecord?id=${id}`],
  [/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,40}\b/, hash => `https://git.kernel.org/linus/${hash}`],
  [/Documentation\/[\w/.-]+\.rst/, path => `https://docs.kernel.org/${path.slice(14, -4)}.html`],
  [/\b[a-z_]\w+\([1-8]\)/, page => {
    const [, name, section] = page.match(/(\w+)\((\d)\)/);
    return `https://man7.org/linux/man-pages/man${section}/${name}.${section}.html`;
  }],
];
function linked(text) {
  const pattern = new RegExp(known.map(([re]) => `(${re.source})`).join("|"), "g");
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    const which = known.findIndex((_, i) => found[i + 1] !== undefined);
    parts.push(text.slice(end, found.index), h("a", {href: known[which][1](found[0]), rel: "noreferrer"}, found[0]));
    end = found.index + found[0].length;
  }
  return parts.concat(text.slice(end));
}

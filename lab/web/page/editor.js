// The editor: a text field over its own text in colours, what is wrong at its line, and what the word at the cursor means.
"use strict";

const Editor = (() => {
  let words = new Map();  // by name: all that the parser itself means by it, as by `wp` in a thread and at the end
  let faults = [];
  const field = () => $("source");
  const token = /(#[^\n]*)|("[^"\n]*"?)|([A-Za-z_][\w-]*)|(\d+)/g;

  // A text may go on over several lines: `inside` says whether the line begins in one.
  function coloured(line, inside) {
    const close = inside ? line.indexOf('"') : -1;
    const parts = [];
    let end = 0;
    if (inside) {
      if (close < 0) return [h("span", {class: "text"}, line)];
      end = close + 1;
      parts.push(h("span", {class: "text"}, line.slice(0, end)));
    }
    const rest = end;
    for (const found of line.slice(rest).matchAll(token)) {
      const index = found.index + rest;
      const [all, comment, text, name, number] = found;
      const kind = comment ? "comment" : text ? "text" : number ? "number" : words.has(name) ? `word of-${words.get(name)[0].part}` : "";
      if (!kind) continue;
      parts.push(line.slice(end, index), h("span", {class: kind}, all));
      end = index + all.length;
    }
    return parts.concat(line.slice(end));
  }

  function paint() {
    const wrong = new Set(faults.map(fault => fault.line));
    let inside = false;
    $("colours").replaceChildren(...field().value.split("\n").map((line, at) => {
      const parts = coloured(line, inside);
      const quotes = (inside || !/^[^"]*#/.test(line)) ? line.split('"').length - 1 : 0;
      if (quotes % 2) inside = !inside;
      return h("span", {class: wrong.has(at + 1) ? "line wrong" : "line"}, parts, "\n");
    }));
    follow();
  }

  function follow() {
    $("colours").scrollTop = field().scrollTop;
    $("colours").scrollLeft = field().scrollLeft;
  }

  function at() {
    const {value, selectionStart: to} = field();
    const before = value.slice(0, to).match(/[A-Za-z_][\w]*$/)?.[0] ?? "";
    const after = value.slice(to).match(/^\w*/)[0];
    return {before, word: before + after, from: to - before.length, to};
  }

  // Whether the cursor stands in the braces of a process, as far as what is before it tells.
  function inThread(to) {
    const before = field().value.slice(0, to).replace(/#[^\n]*|"[^"]*"?/g, "");
    return before.split("{").length > before.split("}").length;
  }

  // How a word may go on, what may begin a line there first; on an empty line all that may.
  function candidates({before, from, to}) {
    const {value} = field();
    const line = value.slice(value.lastIndexOf("\n", from - 1) + 1).split("\n", 1)[0];
    const parts = inThread(to) ? ["statement"] : ["head", "page", "process", "claim"];
    const begins = name => (words.get(name) ?? []).some(each => parts.includes(each.part));
    if (!before) return line.trim() || document.activeElement !== field() ? [] : [...words.keys()].filter(begins);
    const own = new Set(value.match(/[A-Za-z_]\w*/g) ?? []);
    const some = [...new Set([...words.keys(), ...own])].filter(name => name.startsWith(before) && name !== before);
    if (line.trimStart().startsWith(before)) some.sort((one, other) => begins(other) - begins(one));
    return some.slice(0, 6);
  }

  function complete(name) {
    const {from, to} = at();
    field().setRangeText(name, from, to, "end");
    field().focus();
    field().dispatchEvent(new Event("input"));
  }

  function explain() {
    const place = at(), {word} = place;
    const known = words.get(word);
    $("meaning").replaceChildren(...(known ? known.map(each => h("span", {class: "sense"}, h("code", {}, each.form), ` \u2013 ${each.about}`))
      : [h("span", {class: "soft"}, "What the word at the cursor means stands here; on an empty line, what may begin it. Control and Space take the first.")]));
    $("completions").replaceChildren(...candidates(place).map(name =>
      h("button", {type: "button", tabindex: -1, title: words.get(name)?.[0].about ?? "a name of this test", onclick: () => complete(name)}, name)));
  }

  function goToFault(fault) {
    const lines = field().value.split("\n");
    const start = lines.slice(0, fault.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + Math.max(0, fault.column - 1);
    field().focus();
    field().setSelectionRange(start, start);
  }

  return {
    learn(all) {
      words = new Map();
      for (const each of all) words.set(each.name, [...(words.get(each.name) ?? []), each]);
      paint();
      explain();
    },
    mark(found) {
      faults = found;
      paint();
      $("faults").replaceChildren(...faults.map(fault => h("li", {}, h("button", {type: "button", onclick: () => goToFault(fault)},
        `line ${fault.line}`), ` ${fault.what}${fault.advice ? `: ${fault.advice}` : ""}`)));
      field().setAttribute("aria-invalid", faults.length ? "true" : "false");
    },
    get text() { return field().value; },
    set text(value) {
      field().value = value;
      field().setSelectionRange(0, 0);
      field().scrollTop = 0;
      faults = [];
      paint();
      explain();
    },
    begin(changed) {
      field().addEventListener("input", () => { paint(); explain(); changed(); });
      field().addEventListener("scroll", follow);
      for (const event of ["keyup", "click", "focus"]) field().addEventListener(event, explain);
      field().addEventListener("keydown", event => {
        const [first] = event.ctrlKey && event.key === " " ? candidates(at()) : [];
        if (first) { event.preventDefault(); complete(first); }
      });
    },
  };
})();

// Which rule-sets are asked: those that there are, and those with one thing changed.
"use strict";

const chosen = () => [...document.querySelectorAll("#sets input:checked")].map(box => box.value).concat(asked.changed);
const fill = (select, options) => select.replaceChildren(...options.map(([value, text]) => h("option", {value}, text)));

// What kernels the rule-set is of, or the one that it was made of.
const kernelsOf = name => asked.known.rules.find(set => set.name === name.split(",")[0])?.kernels.replace(/,.*/, "") ?? "";

function offerRules({rules, knobs, fences}) {
  $("sets").append(...rules.map(set => h("label", {title: set.about}, h("input", {type: "checkbox", value: set.name, checked: ""}),
    `${set.name} `, h("small", {class: "soft"}, kernelsOf(set.name)))));
  fill($("base"), rules.map(set => [set.name, set.name]));
  $("base").value = "E1";
  $("knob").append(h("optgroup", {label: "knobs"}, knobs.map(knob => h("option", {value: knob.name}, knob.name))),
    h("optgroup", {label: "left out"}, fences.map(fence => h("option", {value: `drop=${fence.name}`}, fence.name))));
  offerAnswers();
}

function offerAnswers() {
  const {rules, knobs, fences} = asked.known, what = $("knob").value;
  const knob = knobs.find(each => each.name === what);
  const now = rules.find(set => set.name === $("base").value).answers[what];
  const answers = !knob ? ["left out"] : knob.answers.length ? knob.answers.filter(each => each !== now) : [1, 2, 4, 16, 256].map(String);
  fill($("answer"), answers.map(each => [each, each]));
  $("question").textContent = knob ? `${knob.question}? ${$("base").value}: ${now}.` : fences.find(each => `drop=${each.name}` === what).about;
}

function addChanged() {
  const what = $("knob").value;
  const text = `${$("base").value},${what.startsWith("drop=") ? what : `${what}=${$("answer").value}`}`;
  if (!asked.changed.includes(text)) asked.changed.push(text);
  showChanged();
  remember();
}

function showChanged() {
  const remove = each => () => {
    asked.changed = asked.changed.filter(other => other !== each);
    showChanged();
    remember();
  };
  $("added").replaceChildren(...asked.changed.map(each =>
    h("li", {}, h("code", {}, each), " ", h("button", {type: "button", "aria-label": `Remove ${each}`, onclick: remove(each)}, "Remove"))));
}

'use strict';
const data = JSON.parse(document.getElementById('data').textContent);

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const byId = (id) => document.getElementById(id);
const number = (n) => n.toLocaleString('en');
const counted = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

const drawWhat = () => {
  byId('lead').textContent = data.coverage;
  const rows = [
    ['Programs', number(data.programs)], ['Judgements', number(data.judgements)],
    ['Runs', number(data.runs)], ['Cut short', counted(data.cut, 'race', 'races')],
    ...Object.entries(data.known).map(([harm, count]) => ['Known harm', `${counted(count, 'judgement ends', 'judgements end')} in ${harm}`]),
    ...Object.entries(data.skipped).map(([why, count]) => ['Skipped', `${counted(count, 'program', 'programs')}: ${why}`]),
    ['Made', data.made], ['By', `cleave ${data.cleave}, build ${data.build}`],
    ['Options', data.hunt.replaceAll(',', ', ')],
  ];
  for (const [name, value] of rows) byId('what').append(element('dt', {}, name), element('dd', {}, String(value)));
};

// A row for each start, or start and memory model of its races; a column for each first word.
const drawParts = () => {
  const made = data.parts.filter((part) => part.programs !== null).length;
  byId('far').textContent = `${number(made)} of ${counted(data.parts.length, 'part', 'parts')}. `
    + 'The numbers are programs, by what they start with and their first word; a dot: there are none of the kind.';
  const rows = [...new Set(data.parts.map((part) => part.start))];
  const words = [...new Set(data.parts.map((part) => part.first))];
  const at = new Map(data.parts.map((part) => [`${part.start}\n${part.first}`, part]));
  const head = element('tr', {}, element('th', { scope: 'col' }, ''));
  for (const word of words) head.append(element('th', { scope: 'col' }, word));
  const body = element('tbody');
  for (const start of rows) {
    const row = element('tr', {}, element('th', { scope: 'row' }, start));
    for (const word of words) {
      const part = at.get(`${start}\n${word}`);
      if (part === undefined) row.append(element('td', { class: 'none' }, '·'));
      else if (part.programs === null) row.append(element('td', { class: 'open' }, 'not searched'));
      else row.append(element('td', {}, number(part.programs)));
    }
    body.append(row);
  }
  byId('parts').append(element('thead', {}, head), body);
};

const drawFinding = (finding) => {
  const copy = element('button', { type: 'button' }, 'Copy the test');
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(finding.litmus);
    copy.textContent = 'Copied';
  });
  const catalogue = finding.catalogue ? ` = ${finding.catalogue}` : '';
  const memory = finding.memory === 'sc' ? '' : ` (${finding.memory})`;
  return element('details', { class: 'finding' },
    element('summary', {},
      element('span', { class: 'kind' }, finding.kind),
      element('code', {}, finding.program),
      element('span', {}, `[${finding.end}]${memory}`),
      element('span', { class: 'rules' },
        `${finding.rules.join(' ')}, ${counted(finding.count, 'program', 'programs')}${catalogue}`)),
    element('pre', {}, finding.litmus), copy);
};

const drawFound = () => {
  const all = data.findings.map((finding) => ({ finding, shown: drawFinding(finding) }));
  byId('found').append(...all.map((each) => each.shown));
  const choose = () => {
    const wanted = byId('only').value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { shown } of all) {
      const text = shown.firstChild.textContent.toLowerCase();
      shown.hidden = !wanted.every((word) => text.includes(word));
      if (!shown.hidden) ++count;
    }
    byId('count').textContent = `${number(count)} of ${counted(all.length, 'minimal program', 'minimal programs')}`;
  };
  byId('only').addEventListener('input', choose);
  byId('filter').addEventListener('submit', (event) => event.preventDefault());
  choose();
};

const drawFoot = () => {
  byId('foot').textContent = 'A minimal program shows nothing of the kind without any of its words. '
    + 'Nothing found means nothing up to the bound, and only in what was searched. '
    + 'Each test can be saved as a file and run: cleave litmus FILE.';
};

// With #selftest: opens everything, and says whether all is there and nothing has to be scrolled sideways.
const testItself = () => {
  const faults = [];
  const expect = (holds, what) => { if (!holds) faults.push(what); };
  const findings = [...document.querySelectorAll('.finding')];
  expect(findings.length === data.findings.length, 'findings are missing');
  for (const each of findings) each.open = true;
  const searched = [...document.querySelectorAll('#parts td:not(.none):not(.open)')].length;
  expect(searched === data.parts.filter((part) => part.programs !== null).length, 'parts are missing');
  expect(document.documentElement.scrollWidth <= window.innerWidth, 'the page is wider than the window');
  if (findings.length > 0) {
    const [kind] = findings[0].firstChild.textContent.split(' ');
    byId('only').value = 'no such word';
    byId('only').dispatchEvent(new Event('input'));
    expect(findings.every((each) => each.hidden), 'the filter hides nothing');
    byId('only').value = data.findings[0].kind;
    byId('only').dispatchEvent(new Event('input'));
    expect(!findings[0].hidden && kind.length > 0, 'the filter hides what it should show');
  }
  document.body.append(element('pre', { id: 'selftest' },
    faults.length === 0 ? `selftest: passed, findings ${findings.length}, parts ${searched}` : `selftest: failed: ${faults.join('; ')}`));
};

drawWhat();
drawParts();
drawFound();
drawFoot();
if (location.hash === '#selftest') testItself();

// What there is after a step, as a picture: entries of page tables on the left, pages in the middle, references on the
// right. A page keeps its number for the whole run, and says which page it came from.
"use strict";

const Picture = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const NONE = 0, PAGE = 1, ZERO = 2, SWAP = 3, MIGRATING = 4;  // kinds of mappings

  function make(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // The arrays of data/data.md with names.
  function read(view) {
    return {
      mappings: view[0].map(m => ({process: m[0], page: m[1], pages: m[2], kind: m[3], target: m[4], index: m[5],
        writable: m[6] & 16 ? null : !!(m[6] & 1), wp: !!(m[6] & 4), exclusive: !!(m[6] & 8), protection: m[7]})),
      folios: view[1].map(f => ({id: f[0], refs: f[1], pins: f[2], maps: f[3], file: !!(f[4] & 1), merged: !!(f[4] & 2),
        locked: !!(f[4] & 4), writeback: !!(f[4] & 8), lazyfree: !!(f[4] & 16), slot: f[5],
        pages: f[6].map(p => ({a: p[0], b: p[1], exclusive: !!p[2]}))})),
      references: view[2].map(r => ({id: r[0], zero: !!(r[1] & 1), pin: !!(r[1] & 2), write: !!(r[1] & 4),
        folio: r[2], index: r[3], process: r[4], page: r[5]})),
      slots: view[3].map(s => ({id: s[0], count: s[1], a: s[2], b: s[3]})),
      gone: view[4],
    };
  }

  // What a running kernel does not show is null.
  const value = page => page.a === null ? "" : page.a === page.b ? `${page.a}` : `a ${page.a}  b ${page.b}`;

  // Numbers for the folios of a run in the order in which they come up, and where each came from: what the
  // address named before that names it first.
  function lineage(views) {
    const numbers = new Map(), origins = new Map();
    const before = new Map();
    for (const view of views) {
      for (const folio of view.folios) if (!numbers.has(folio.id)) numbers.set(folio.id, numbers.size + 1);
      const now = new Map();
      for (const m of view.mappings) {
        const key = `${m.process}:${m.page}`;
        if (m.kind === PAGE || m.kind === MIGRATING) now.set(key, {folio: m.target});
        else if (m.kind === SWAP) now.set(key, {slot: m.target});
      }
      for (const [key, here] of now) {
        if (here.folio === undefined || origins.has(here.folio)) continue;
        // A child's first page there: its parent's, which has been there for longer.
        const page = key.slice(key.indexOf(":"));
        let was = before.get(key);
        if (!was) was = [...before].find(([k, w]) => k.endsWith(page) && w.folio !== here.folio)?.[1];
        origins.set(here.folio, was && was.folio !== here.folio ? was : null);
      }
      for (const [key, here] of now) before.set(key, here);
    }
    return {numbers, origins};
  }

  function placeName(names, page) {
    let first = 0;
    for (const [name, count] of names.pages) {
      if (page < first + count) return count === 1 ? name : `${name}[${page - first}]`;
      first += count;
    }
    return `page ${page}`;
  }
  const entryName = (names, m) => {
    const name = placeName(names, m.page);
    return m.pages > 1 ? name.replace(/\[\d+\]$/, "") : name;
  };

  function rights(m) {
    if (m.kind === NONE) return m.protection === 0 ? "no access" : "empty";
    if (m.kind === SWAP) return "in swap";
    if (m.kind === MIGRATING) return "moving";
    if (m.writable === null) return m.wp ? "mapped, wp" : "mapped";
    return (m.writable ? "rw" : m.protection === 0 ? "none" : "ro") + (m.wp ? " wp" : "");
  }
  function access(m) {
    if (m.kind === MIGRATING || m.kind === SWAP) return "moving";
    return m.writable !== false ? "writable" : "readonly";
  }

  const foliotext = f => [`maps ${f.maps}`].concat(f.refs === null ? [] : [`refs ${f.refs}`], f.pins ? [`pins ${f.pins}`] : []).join("  ");
  function folioTags(f) {
    const tags = [];
    if (f.file) tags.push("file");
    if (f.merged) tags.push("merged");
    if (f.locked) tags.push("locked");
    if (f.writeback) tags.push("writeback");
    if (f.lazyfree) tags.push("lazily free");
    if (f.slot) tags.push(`swap cache ${f.slot}`);
    return tags;
  }

  // The same in words, for who cannot see it.
  function words(view, names, numbers) {
    const parts = view.folios.map(f => {
      const maps = view.mappings.filter(m => m.kind === PAGE && m.target === f.id)
        .map(m => `${names.processes[m.process]}:${entryName(names, m)} ${rights(m)}`);
      const refs = view.references.filter(r => !r.zero && r.folio === f.id)
        .map(r => `${r.pin ? "pin" : "reference"} ${names.references[r.id]}`);
      return `page ${numbers.get(f.id)} holds ${f.pages.map(page => value(page) || "what is not known").join(", ")}, ${foliotext(f)}` +
        (f.pages.some(p => p.exclusive) ? ", exclusive" : "") +
        [...folioTags(f), ...maps.map(m => `mapped by ${m}`), ...refs].map(t => `, ${t}`).join("");
    });
    for (const s of view.slots)
      parts.push(`swap slot ${s.id + 1}` + (s.count === null ? "" : ` holds ${value(s)}, count ${s.count}`));
    return parts.join("; ") || "no page is in use";
  }

  // Draws into one svg element, again and again; what stays is moved, not replaced.
  class Stage {
    constructor(svg, names, views) {
      this.svg = svg;
      this.names = names;
      this.line = lineage(views);
      this.groups = new Map();
      this.lines = make("g", {});
      svg.append(this.markers(), this.lines);
    }

    markers() {
      const defs = make("defs", {});
      for (const kind of ["entry", "ref"]) {
        const marker = make("marker", {id: `head-${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8,
          markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse"});
        marker.append(make("path", {d: "M0 0.5L8 4L0 7.5z", class: `head-${kind}`}));
        defs.append(marker);
      }
      return defs;
    }

    // A group at x, y that is known by `key` from step to step. A new one comes from where `from` is.
    group(key, kind, x, y, from) {
      let g = this.groups.get(key);
      const at = `translate(${x}px, ${y}px)`;
      if (!g) {
        g = make("g", {"data-key": key});
        const origin = from && this.groups.get(from);
        if (origin && origin.isConnected) {
          g.style.transform = origin.style.transform;
          requestAnimationFrame(() => requestAnimationFrame(() => { g.style.transform = g.dataset.at; }));
        } else {
          g.style.transform = at;
        }
        this.groups.set(key, g);
        this.svg.append(g);
      } else {
        g.style.transform = at;
        if (!g.isConnected) this.svg.append(g);
      }
      g.dataset.at = at;
      g.setAttribute("class", kind);
      g.replaceChildren();
      this.used.add(key);
      return g;
    }

    join(x1, y1, x2, y2, kind, head) {
      const bend = (x2 - x1) / 2;
      this.lines.append(make("path", {d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
        class: `line ${kind}`, "marker-end": `url(#head-${head})`}));
    }

    measure(width) {
      const side = Math.max(84, Math.min(150, width * 0.27));
      const middle = Math.max(116, Math.min(220, width * 0.36));
      this.left = {x: 2, w: side};
      this.middle = {x: (width - middle) / 2, w: middle};
      this.right = {x: width - side - 2, w: side};
    }

    draw(view, width, changed) {
      this.measure(width);
      this.used = new Set();
      this.lines.replaceChildren();
      this.anchors = new Map();  // where lines end: "folio.index", "zero", "slot.id"
      const height = Math.max(this.middleColumn(view, changed), this.leftColumn(view), this.rightColumn(view)) + 8;
      for (const [key, g] of this.groups)
        if (!this.used.has(key)) { g.remove(); this.groups.delete(key); }
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.setAttribute("height", height);
      this.svg.setAttribute("aria-label", words(view, this.names, this.line.numbers));
    }

    middleColumn(view, changed) {
      const {x, w} = this.middle;
      let y = 20;
      for (const folio of view.folios) {
        y += this.folio(folio, x, y, w, changed) + 10;
      }
      if (view.mappings.some(m => m.kind === ZERO) || view.references.some(r => r.zero)) {
        const g = this.group("zero", "folio", x, y);
        g.append(make("rect", {class: "box", width: w, height: 26, rx: 5}),
          make("text", {x: 8, y: 17, class: "strong"}, "zero page"),
          make("text", {x: w - 8, y: 17, class: "value", "text-anchor": "end"}, "0"));
        this.anchors.set("zero", {x, w, y: y + 13});
        y += 36;
      }
      for (const slot of view.slots) {
        const g = this.group(`slot${slot.id}`, "slot", x, y);
        g.append(make("rect", {class: "box", width: w, height: 42, rx: 2}),
          make("text", {x: 8, y: 17, class: "strong"}, `swap slot ${slot.id + 1}`),
          make("text", {x: w - 8, y: 17, class: "value", "text-anchor": "end"}, value(slot)),
          make("text", {x: 8, y: 34, class: "small"}, slot.count === null ? "" : `count ${slot.count}`));
        this.anchors.set(`slot.${slot.id}`, {x, w, y: y + 21});
        y += 52;
      }
      this.title("head2", x + w / 2, "pages", "middle");
      return y;
    }

    title(key, x, text, anchor) {
      this.group(key, "title", 0, 0).append(make("text", {x, y: 11, class: "small", "text-anchor": anchor}, text));
    }

    folio(f, x, y, w, changed) {
      const origin = this.line.origins.get(f.id);
      const from = origin ? (origin.folio !== undefined ? `folio${origin.folio}` : `slot${origin.slot}`) : undefined;
      const g = this.group(`folio${f.id}`, "folio", x, y, from);
      const tags = folioTags(f);
      const rows = 24 + f.pages.length * 24;
      const height = rows + 20 + (tags.length ? 15 : 0);
      g.append(make("rect", {class: "box", width: w, height, rx: 5}));
      if (changed.has(f.id)) g.append(make("rect", {class: "changed", x: 1.5, y: 1.5, width: w - 3, height: 20, rx: 4}));
      g.append(make("text", {x: 8, y: 16, class: "strong"}, `page ${this.line.numbers.get(f.id)}`));
      const note = origin ? (origin.folio !== undefined ? `from ${this.line.numbers.get(origin.folio)}` : "from swap")
        : "";
      g.append(make("text", {x: w - 8, y: 16, class: "small", "text-anchor": "end"}, note));
      f.pages.forEach((page, i) => {
        const top = 24 + i * 24;
        const cell = make("g", {});
        cell.append(make("rect", {class: "page", x: 5, y: top, width: w - 10, height: 21, rx: 3}),
          make("text", {x: 11, y: top + 15.5, class: "value"}, value(page)));
        if (page.exclusive)
          cell.append(make("text", {x: w - 10, y: top + 15, class: "small strong", "text-anchor": "end"},
            page.a === page.b || w > 150 ? "exclusive" : "excl."));
        g.append(cell);
        this.anchors.set(`${f.id}.${i}`, {x, w, y: y + top + 10.5});
      });
      g.append(make("text", {x: 8, y: rows + 13, class: "small mono"}, foliotext(f)));
      if (tags.length) g.append(make("text", {x: 8, y: rows + 28, class: "small strong"}, tags.join(", ")));
      return height;
    }

    leftColumn(view) {
      const {x, w} = this.left;
      let y = 20, process = -1;
      this.title("head1", x, "mapped by", "start");
      for (const m of view.mappings) {
        if (m.process !== process) {
          process = m.process;
          this.group(`process${process}`, "process", x, y).append(make("text", {x: 0, y: 12, class: "strong"},
            this.names.processes[process] + (view.gone.includes(process) ? " (gone)" : "")));
          y += 18;
        }
        this.entry(m, x, y, w);
        y += 29;
      }
      for (const gone of view.gone)
        if (!view.mappings.some(m => m.process === gone)) {
          this.group(`process${gone}`, "process", x, y).append(
            make("text", {x: 0, y: 12, class: "small"}, `${this.names.processes[gone]} has ended`));
          y += 18;
        }
      return y;
    }

    entry(m, x, y, w) {
      const g = this.group(`entry${m.process}.${m.page}`, `entry ${m.kind === NONE ? "" : access(m)}`, x, y);
      g.append(make("rect", {width: w, height: 24, rx: 3}),
        make("text", {x: 7, y: 16.5, class: "mono strong"}, entryName(this.names, m)),
        make("text", {x: w - 7, y: 16.5, class: "small", "text-anchor": "end"}, rights(m)));
      const to = m.kind === PAGE || m.kind === MIGRATING ? `${m.target}.${m.index}`
        : m.kind === ZERO ? "zero" : m.kind === SWAP ? `slot.${m.target}` : "";
      const end = this.anchors.get(to);
      if (end) this.join(x + w, y + 12, end.x - 1, end.y, access(m), "entry");
    }

    rightColumn(view) {
      const {x, w} = this.right;
      let y = 20;
      this.title("head3", x + w, "referred to by", "end");
      for (const r of view.references) {
        const g = this.group(`ref${r.id}`, `ref ${r.pin ? "pin" : "get"}`, x, y);
        g.append(make("rect", {width: w, height: 40, rx: 12}),
          make("text", {x: 10, y: 17, class: "mono strong"}, this.names.references[r.id]),
          make("text", {x: 10, y: 32, class: "small"}, (r.pin ? "pin" : "get") + (r.write ? ", write" : ", read")));
        const end = this.anchors.get(r.zero ? "zero" : `${r.folio}.${r.index}`);
        if (end) this.join(x, y + 20, end.x + end.w + 1, end.y, r.pin ? "pin" : "get", "ref");
        y += 48;
      }
      if (view.references.length === 0)
        this.group("unmapped", "title", x, 20).append(
          make("text", {x: w, y: 16, class: "small", "text-anchor": "end"}, "unmapped"));
      return y;
    }
  }

  return {read, Stage};
})();

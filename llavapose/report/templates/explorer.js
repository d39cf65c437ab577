// The explorer of a page: a list of items that can be searched, filtered and sorted, and one of them in full.
//
// The page holds the items (#data: JSON, deflated, in base64) and the pictures (#pictures: JSON); the filters are a form
// (#filters). What is shown is a state, the form's values and the open item, which stands behind the # of the address:
//   #sort=gain&arm=full&q=elbow&id=17-conv      or, for an item alone,      #17-conv
// Texts come from models and enter the page as text only, never as HTML.
"use strict";
(async () => {
  const root = document.getElementById("explorer");
  if (!("DecompressionStream" in window)) return (document.getElementById("packed").hidden = false);
  root.setAttribute("aria-busy", "true");
  const unpacked = (text) => {
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  };
  const data = JSON.parse(await unpacked(atob(document.getElementById("data").textContent)));
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const list = document.getElementById("list");
  const shown = document.getElementById("shown");
  const count = document.getElementById("count");
  const form = document.getElementById("filters");
  const wide = matchMedia("(min-width: 900px)");

  // ---- Elements -------------------------------------------------------------------------------------------------

  // An element with attributes and children; strings become text. `style` values are set one by one.
  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "style") for (const [key, one] of Object.entries(value)) made.style.setProperty(key, one);
      else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  // A text in pieces: a string, or [string, mark].
  const pieces = (text) => text.map((one) => (typeof one === "string" ? one : el("mark", { class: one[1] }, one[0])));
  const plain = (text) => text.map((one) => (typeof one === "string" ? one : one[0])).join("");
  const signed = (value) => (Math.abs(value) < 0.05 ? "±0.0" : (value > 0 ? "+" : "−") + Math.abs(value).toFixed(1));
  const rated = (value) => (value === null || Number.isNaN(value) ? "—" : value.toFixed(1).replace(/^-0\.0$/, "0.0").replace("-", "−"));
  const one = (name, what) =>
    pictures[name]
      ? el("img", { src: pictures[name], alt: what, decoding: "async" })
      : el("p", { class: "soft nopicture" }, data.nopicture);
  // An item's picture; of several a strip in order, each under its number; of a clip its frames, which can be played.
  const picture = (item, what, spans = []) =>
    item.times
      ? clip(item, what, spans)
      : item.further
        ? el("div", { class: "several", role: "group", tabindex: "0", "aria-label": what }, [item.picture, ...item.further].map((name, at) =>
            el("figure", {}, el("figcaption", {}, `Picture ${at + 1}`), one(name, `Picture ${at + 1} of ${item.id}`))))
        : one(item.picture, what);
  // As clip.html.j2 has it: screen, bar, frames in order, and when claims took place ({ start, end, mark, told }).
  const clip = (item, what, spans) => {
    const frames = [item.picture, ...(item.further || [])].map((name, at) => [pictures[name], item.times[at]]).filter(([source]) => source);
    if (!frames.length) return el("p", { class: "soft nopicture" }, data.noclip);
    const made = el("div", { class: "clip", role: "group", "aria-label": what },
      el("div", { class: "screen" }, el("img", { alt: "" })),
      el("div", { class: "bar" }, el("button", { type: "button", class: "play" }),
        el("input", { type: "range", class: "place", min: "0", value: "0", step: "1", "aria-label": "Frame" })),
      el("ol", { class: "film" }, frames.map(([source, time], at) =>
        el("li", { class: "frame", "data-time": String(time) }, el("img", { src: source, alt: `Frame ${at + 1} of ${frames.length}`, decoding: "async" }),
          el("time", {}, `${time.toFixed(1)} s`), el("span", { class: "lanes", "aria-hidden": "true" })))),
      spans.length ? el("ul", { class: "spans" }, spans.map((of) =>
        el("li", {}, el("button", { type: "button", class: "span", "data-start": String(of.start), "data-end": String(of.end), "data-mark": of.mark },
          el("i", { class: `lane ${of.mark}` }), `${of.start.toFixed(1)} to ${of.end.toFixed(1)} s`), el("span", { dir: "auto" }, of.told)))) : "");
    playFrames(made);
    return made;
  };

  const answers = answersView({ data, el, pieces, plain, signed, rated, picture });

  // ---- Samples --------------------------------------------------------------------------------------------------

  const samples = {
    matches: (item, state) => state.drawn !== "1" || Boolean(pictures[item.picture]),
    orders_by: {},
    text: (item) => [item.id, item.picture, ...(item.further || []), ...item.turns.map((turn) => turn[1]), data.contexts[item.picture]].join("\n"),
    row: () => [],
    detail(item) {
      const others = data.items.filter((one) => one.picture === item.picture && one !== item);
      const context = data.contexts[item.picture];
      return [
        el("div", { class: item.times ? "look over" : "look" }, picture(item, item.times ? `Frames of ${item.id} with their annotations` : `Picture ${item.picture} with its annotations`),
          el("p", { class: "soft" }, item.times ? `${item.picture} and ${item.further.length} more frames` : [item.picture, ...(item.further || [])].join(", ")),
          context ? el("pre", { tabindex: "0", "aria-label": "What the teacher saw" }, context) : ""),
        el("div", { class: "answers" },
          // The first question is the heading.
          el("dl", {}, item.turns.slice(1).map(([role, text]) => el(role === "user" ? "dt" : "dd", { dir: "auto" }, text))),
          others.length ? el("h4", {}, "More of this picture") : "",
          el("ul", { class: "more" }, others.map((one) =>
            el("li", {}, el("span", { class: "kind" }, one.kind), el("a", { href: address({ id: one.id }) }, one.text))))),
      ];
    },
  };

  // ---- The list -------------------------------------------------------------------------------------------------

  const view = data.view === "samples" ? samples : answers;
  const fields = [...form.elements].filter((one) => one.name);
  const byId = new Map(data.items.map((item) => [item.id, item]));
  const CHUNK = 60; // rows made at a time: a screen holds fewer than twenty
  let state = {};
  let found = data.items;
  let rows = 0;
  let open = null;

  const value = (field) => (field.type === "checkbox" ? (field.checked ? "1" : "") : field.value);
  const address = (values) => {
    const told = Object.entries(values).filter(([, one]) => one);
    const alone = told.length === 1 && told[0][0] === "id" && !/[=&]/.test(values.id);
    return "#" + (alone ? encodeURIComponent(values.id) : new URLSearchParams(told).toString());
  };
  // What the address asks for. Null: it names something else on the page.
  const asked = () => {
    const hash = location.hash.slice(1);
    let id = hash;
    try { id = decodeURIComponent(hash); } catch { /* no address of ours */ }
    if (byId.has(id)) return { id };
    if (hash && !hash.includes("=")) return null;
    return Object.fromEntries(new URLSearchParams(hash));
  };

  const folded = (text) => text.normalize("NFKC").toLowerCase();
  const texts = new Map(); // made when something is first searched for
  const holds = (item, words) => {
    if (!words.length) return true;
    if (!texts.has(item)) texts.set(item, folded(view.text(item)));
    return words.every((word) => texts.get(item).includes(word));
  };
  // Words, and "phrases in quotes".
  const wordsOf = (query) => [...folded(query || "").matchAll(/"([^"]+)"|[^\s"]+/g)].map((one) => one[1] || one[0]);

  const refresh = () => {
    const words = wordsOf(state.q);
    const kinds = new Set(data.items.map((item) => item.kind));
    let sorted = "";
    found = data.items.filter((item) => (!kinds.has(state.kind) || item.kind === state.kind) && view.matches(item, state) && holds(item, words));
    if (Object.hasOwn(view.orders_by, state.sort || "")) {
      const keys = new Map(found.map((item) => [item, view.orders_by[state.sort](item, state)]));
      const num = [...keys.values()].filter(Number.isFinite).length;
      sorted = num < found.length ? `, ${num} of them with a value to sort by` : "";
      const last = (item) => (Number.isFinite(keys.get(item)) ? keys.get(item) : -Infinity);
      found = [...found].sort((a, b) => (last(a) === last(b) ? 0 : last(b) - last(a)));
    }
    count.textContent = `${found.length} of ${data.items.length} ${data.noun}${sorted}`;
    list.replaceChildren();
    rows = 0;
    more();
    if (open && !found.includes(open)) open = null;
    show(open || (wide.matches ? found[0] || null : null));
  };

  const more = () => {
    const items = found.slice(rows, rows + CHUNK);
    list.append(...items.map((item) => el("li", {},
      el("a", { href: address({ ...state, id: item.id }), class: "row", tabindex: "-1", "data-id": item.id },
        el("span", { class: "title", dir: "auto" }, item.text), el("span", { class: "kind" }, item.kind), view.row(item, state)))));
    rows += items.length;
    document.getElementById("end").hidden = rows >= found.length;
  };
  const rowOf = (item) => {
    const place = found.indexOf(item);
    while (place >= rows && rows < found.length) more();
    return place < 0 ? null : list.children[place].firstChild;
  };

  // Show an item in full: beside the list where there is room, else below its row.
  const show = (item) => {
    open = item;
    for (const one of list.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    for (const one of list.querySelectorAll("[tabindex='0']")) one.tabIndex = -1;
    const row = item && rowOf(item);
    const first = row || list.querySelector(".row");
    if (first) first.tabIndex = 0; // one stop for the Tab key, wherever the list is
    if (row) row.setAttribute("aria-current", "true");
    if (wide.matches || !row) root.querySelector(".panes").append(shown);
    else row.after(shown);
    shown.hidden = !item && !wide.matches;
    shown.replaceChildren(...(item ? full(item) : [el("p", { class: "soft" }, found.length ? "Choose one of the list." : "Nothing is like that. Take a filter away.")]));
    highlight(wordsOf(state.q));
  };
  const full = (item) => [
    el("h3", { tabindex: "-1" }, el("span", { class: "kind" }, item.kind), el("bdi", {}, item.text)),
    el("p", { class: "soft id" }, el("a", { href: address({ id: item.id }), title: "Link to it" }, `# ${item.id}`)),
    el("div", { class: "detail" }, view.detail(item, state)),
  ];

  // What was searched for, marked without touching the texts; a browser that cannot does without.
  const highlight = (words) => {
    if (!window.Highlight || !CSS.highlights) return;
    const ranges = [];
    const walker = document.createTreeWalker(root.querySelector(".panes"), NodeFilter.SHOW_TEXT);
    while (words.length && walker.nextNode()) {
      const text = walker.currentNode.data.toLowerCase();
      if (text.length !== walker.currentNode.length) continue; // a letter grew: places would be off
      for (const word of words)
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + word.length);
          ranges.push(range);
        }
    }
    CSS.highlights.set("searched", new Highlight(...ranges));
  };

  // ---- What a reader does ---------------------------------------------------------------------------------------

  const remember = () => history.replaceState(null, "", address({ ...state, id: open && opened ? open.id : "" }) || "#");
  let opened = false; // by the reader: an item that the page chose itself does not change the address
  const choose = (item, focus) => {
    opened = Boolean(item);
    show(item);
    remember();
    const row = item && rowOf(item);
    if (row && focus) row.focus({ preventScroll: true });
    if (row) row.scrollIntoView({ block: wide.matches ? "nearest" : "start", behavior: "instant" });
    if (item && wide.matches) shown.scrollTop = 0;
  };
  const step = (by) => {
    const here = open ? found.indexOf(open) : by > 0 ? -1 : found.length;
    const next = found[Math.min(found.length - 1, Math.max(0, here + by))];
    if (next) choose(next, true);
  };
  const read = () => {
    state = Object.fromEntries(fields.map((field) => [field.name, value(field)]));
    if (!opened) open = null; // what the page chose itself gives way to the new first one
    refresh();
    remember();
  };
  const fromAddress = () => {
    const wanted = asked();
    if (wanted === null) return;
    for (const field of fields) {
      if (field.type === "checkbox") field.checked = wanted[field.name] === "1";
      else field.value = wanted[field.name] || "";
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.selectedIndex = 0; // no such choice
    }
    state = Object.fromEntries(fields.map((field) => [field.name, value(field)]));
    open = byId.get(wanted.id) || null;
    opened = open !== null;
    refresh();
    if (open && opened) {
      rowOf(open).scrollIntoView({ block: wide.matches ? "nearest" : "start", behavior: "instant" });
      if (wide.matches) root.querySelector(".panes").scrollIntoView({ block: "start", behavior: "instant" });
    } else if (location.hash) root.scrollIntoView({ behavior: "instant" });
  };

  let waiting = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(read, event.target.type === "search" ? 120 : 0); // not at every letter
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(read));
  list.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab is a new tab
    event.preventDefault();
    const item = byId.get(row.dataset.id);
    choose(item === open && !wide.matches ? null : item, true);
  });
  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.closest("input, select, textarea");
    const inList = event.target.closest("#list .row");
    const act = {
      j: () => step(1), k: () => step(-1),
      ArrowDown: inList && (() => step(1)), ArrowUp: inList && (() => step(-1)),
      Home: inList && (() => step(-Infinity)), End: inList && (() => step(Infinity)),
      Enter: inList && (() => { choose(byId.get(inList.dataset.id), true); shown.querySelector("h3").focus(); }),
      "/": () => form.elements.q.focus(),
      Escape: () => {
        const row = open && rowOf(open);
        if (inList && !wide.matches) choose(null, false);
        (row || form.elements.q).focus();
      },
    }[event.key];
    if (typing && event.key === "Escape" && form.elements.q.value) { form.elements.q.value = ""; read(); return event.preventDefault(); }
    if (!act || (typing && event.key !== "Escape")) return;
    event.preventDefault();
    act();
  });
  addEventListener("hashchange", fromAddress);
  wide.addEventListener("change", () => show(open));
  // Beside an item the list scrolls by itself and grows as it does; on a telephone what stands below could never be
  // reached that way, and a button asks for more.
  const end = document.getElementById("end");
  end.addEventListener("click", more);
  new IntersectionObserver((seen) => wide.matches && seen.some((one) => one.isIntersecting) && more()).observe(end);

  root.hidden = false;
  root.removeAttribute("aria-busy");
  fromAddress();
  if (location.hash && asked() === null) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
  if (!list.children.length && asked() === null) refresh();
})();

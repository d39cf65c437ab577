
// The page on which people rate answers: one at a time from 1 to 10, or which of two is better.
//
// What is rated stands in #content: JSON of pictures and items. What was rated is kept in the browser, a log a rater:
// [[id, value, time], ...], the newest of an id counts; value null takes the one before it back. Lines are only ever added,
// so that two tabs lose nothing of one another. Answers come from models and enter the page as text only, never as HTML.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("content").textContent);
  const pairs = data.mode === "pairs";
  const known = new Set(data.items.map((one) => one.id));
  const place = `llavapose-rate-${data.draw}`;
  const values = pairs ? ["left", "equal", "right"] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const keys = pairs
    ? { left: ["1", "arrowleft"], equal: ["2", "="], right: ["3", "arrowright"] }
    : Object.fromEntries(values.map((value) => [value, [String(value % 10)]]));

  let kept = { now: "", raters: [] }; // raters: [[name, log], ...]
  let log = [], marks = new Map(), at = 0, bones = false, exported = true;

  // ---- What is kept ---------------------------------------------------------------------------------------------

  const sound = (found) =>
    found && typeof found.now === "string" && Array.isArray(found.raters) &&
    found.raters.every((one) => Array.isArray(one) && typeof one[0] === "string" && Array.isArray(one[1]) &&
      one[1].every((mark) => Array.isArray(mark) && known.has(mark[0]) && (mark[1] === null || values.includes(mark[1])) &&
        (mark.length === 2 || Number.isFinite(mark[2]))));
  const lost = (hidden) => { $("lost").hidden = hidden; };
  // What the store holds now; null where it holds nothing of ours. Marks without a time are older than all others.
  function stored() {
    const text = localStorage.getItem(place);
    let found = null;
    try { found = JSON.parse(text); } catch { return null; }
    if (!sound(found)) return null;
    const raters = found.raters.map(([name, marked]) => [name, marked.map((mark, number) => [mark[0], mark[1], mark[2] ?? number])]);
    return { now: found.now, raters };
  }
  function recall() {
    try {
      const found = stored();
      if (found) kept = found;
      else { localStorage.setItem(`${place}-try`, "1"); localStorage.removeItem(`${place}-try`); }
    } catch { lost(false); }
  }
  // Take in what another tab has kept; returns whether it lacks something of ours.
  function join() {
    let found = null;
    try { found = stored(); } catch { return false; }
    for (const [name, marked] of found ? found.raters : []) {
      const own = kept.raters.find((one) => one[0] === name);
      if (!own) { kept.raters.push([name, marked]); continue; }
      const there = new Set(own[1].map(String));
      own[1].push(...marked.filter((mark) => !there.has(String(mark))));
      own[1].sort((one, other) => one[2] - other[2] || (String(one) < String(other) ? -1 : 1));
    }
    marks = new Map(standing());
    const size = (raters) => raters.reduce((sum, one) => sum + one[1].length, raters.length);
    return found !== null && size(kept.raters) > size(found.raters);
  }
  function write() {
    try { localStorage.setItem(place, JSON.stringify(kept)); lost(true); } catch { lost(false); }
  }
  function keep() { exported = false; join(); write(); }
  // What is not taken back, in the order of rating: [[id, value], ...].
  function standing() {
    const found = [];
    for (const [id, value] of log) {
      if (value !== null) found.push([id, value]);
      else if (found.some((one) => one[0] === id)) found.splice(found.map((one) => one[0]).lastIndexOf(id), 1);
    }
    return found;
  }
  // Newer than all that is known, whatever the clock says.
  function add(id, value) {
    log.push([id, value, Math.max(Date.now(), log.length ? log[log.length - 1][2] + 1 : 0)]);
    marks = new Map(standing()); keep();
  }
  function take(name) {
    join();
    let found = kept.raters.find((one) => one[0] === name);
    if (!found) kept.raters.push((found = [name, []]));
    kept.now = name; log = found[1]; marks = new Map(standing());
    at = unrated(0);
  }
  // The first that has no rating, from a place on and then from the start; the number of items where all have one.
  function unrated(from) {
    for (let step = 0; step < data.items.length; step += 1) {
      const one = (from + step) % data.items.length;
      if (!marks.has(data.items[one].id)) return one;
    }
    return data.items.length;
  }

  // ---- What is shown --------------------------------------------------------------------------------------------

  const ended = () => at >= data.items.length;
  // The pictures of an item in order, and their numbers among the page's.
  const places = (item) => [item.picture, ...(item.further || [])];
  const shown = (item) => places(item).map((one) => data.pictures[one]);
  const numbered = (item) => item.times ? `Clip of ${item.times.length} frames, ${item.times[item.times.length - 1].toFixed(1)} s` : `${item.further ? "Pictures" : "Picture"} ${places(item).map((one) => one + 1).join(", ")}`;
  // Pictures that are there already stay, so that nothing flickers between two answers about them.
  function look(item, drawn) {
    const alone = !item.further, wanted = shown(item).map((one) => (drawn && one.drawn) || one.plain);
    if (item.times) return play(item, wanted);
    delete $("pictures").dataset.id;
    const there = [...$("pictures").querySelectorAll("img")];
    if (wanted.length !== there.length || there.some((one, number) => one.getAttribute("src") !== wanted[number])) {
      $("pictures").replaceChildren(...wanted.map((source, number) => {
        const image = document.createElement("img");
        image.src = source;
        if (!number) image.id = "picture";
        if (alone) return image;
        const figure = document.createElement("figure"), word = document.createElement("figcaption");
        word.textContent = `Picture ${number + 1}`;
        figure.append(word, image);
        return figure;
      }));
    }
    $("pictures").classList.toggle("several", !alone);
    $("pictures").tabIndex = alone ? -1 : 0; // many pictures are scrolled, by keys too
    for (const [number, image] of [...$("pictures").querySelectorAll("img")].entries()) {
      const which = alone ? "The picture" : `Picture ${number + 1}`;
      image.alt = drawn && shown(item)[number].drawn ? `${which} with its annotated skeletons` : `${which} that the question is about`;
    }
  }
  // A clip as clip.html.j2 has it; where its frames are there already, their pictures alone are changed.
  function play(item, wanted) {
    const box = $("pictures");
    box.classList.remove("several");
    box.tabIndex = -1;
    const there = [...box.querySelectorAll(".frame img")];
    if (box.dataset.id === item.id && there.length === wanted.length) {
      there.forEach((one, number) => { one.src = wanted[number]; });
      const now = box.querySelector(".frame[data-now] img");
      if (now) box.querySelector(".screen img").src = now.src;
      return;
    }
    box.dataset.id = item.id;
    box.replaceChildren($("clip").content.cloneNode(true));
    wanted.forEach((source, number) => {
      const frame = $("frame").content.cloneNode(true).firstElementChild;
      frame.dataset.time = String(item.times[number]);
      frame.querySelector("img").src = source;
      frame.querySelector("img").alt = `Frame ${number + 1} of ${wanted.length}`;
      frame.querySelector("time").textContent = `${item.times[number].toFixed(1)} s`;
      box.querySelector(".film").append(frame);
    });
    playFrames(box.querySelector(".clip"));
  }
  const told = (value) => (pairs ? { left: "A better", equal: "equal", right: "B better" }[value] : `${value}`);
  function show(focus) {
    const named = kept.now !== "";
    $("ask").hidden = named; $("rate").hidden = !named || ended(); $("bar").hidden = !named; $("end").hidden = !named || !ended();
    $("who").textContent = named ? kept.now : "";
    $("rename").hidden = !named;
    document.body.classList.toggle("ended", named && ended());
    const left = data.items.length - marks.size;
    $("count").textContent = named ? `${marks.size} of ${data.items.length} rated` : "";
    $("progress").max = data.items.length; $("progress").value = marks.size;
    $("buttons").hidden = ended();
    $("bones").hidden = ended() || !shown(data.items[at]).some((one) => one.drawn);
    if (!named) return $("name").focus();
    if (ended()) {
      $("endword").textContent = left ? `This was the last. ${left} ${left === 1 ? "is" : "are"} not rated yet: "next" goes to the first of them.`
        : `All ${data.items.length} are rated. Thank you. Export them and send the file to whoever asked you.`;
      return focus && $("endword").focus();
    }
    const item = data.items[at], mark = marks.get(item.id);
    const drawn = bones && shown(item).some((one) => one.drawn);
    look(item, drawn);
    $("bones").setAttribute("aria-pressed", String(Boolean(drawn)));
    $("legend").hidden = !drawn;
    $("where").textContent = `${numbered(item)}${item.times ? "" : ` of ${data.pictures.length}`}, ${pairs ? "pair" : "answer"} ${at + 1} of ${data.items.length}`;
    $("question").textContent = item.question;
    item.answers.forEach((text, side) => {
      const blank = text.trim() === "";
      $(`answer${side}`).textContent = blank ? "(an empty answer)" : text;
      $(`answer${side}`).classList.toggle("blank", blank);
    });
    for (const value of values) $(`value-${value}`).setAttribute("aria-pressed", String(mark === value));
    $("said").textContent = mark === undefined ? "" : `Rated: ${told(mark)}. Rate again to change it.`;
    if (focus) { $("where").focus({ preventScroll: true }); scrollTo(0, 0); }
  }

  // ---- What is done ---------------------------------------------------------------------------------------------

  function rate(value) {
    if (kept.now === "" || ended()) return;
    const { id } = data.items[at];
    join(); add(id, value);
    at = at + 1 < data.items.length && !marks.has(data.items[at + 1].id) ? at + 1 : unrated(at);
    show(true);
  }
  function undo() {
    join();
    const last = standing().pop();
    if (!last) return;
    add(last[0], null);
    at = data.items.findIndex((one) => one.id === last[0]);
    show(true);
  }
  const go = (step) => {
    at = ended() && step > 0 ? unrated(0) : Math.min(data.items.length, Math.max(0, at + step));
    show(true);
  };
  const lines = () =>
    data.items.filter((one) => marks.has(one.id)).map((one) =>
      `${JSON.stringify({ draw: data.draw, mode: data.mode, rater: kept.now, id: one.id, [pairs ? "choice" : "rating"]: marks.get(one.id) })}\n`).join("");
  // Letters and digits of any script stay; where anything else stood, a number tells the name from others like it.
  function file(name) {
    const plain = name.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_");
    const worded = /[\p{L}\p{N}]/u.test(plain);
    if (worded && plain === name) return `ratings-${plain}.jsonl`;
    let hash = 0x811c9dc5;
    for (let place = 0; place < name.length; place += 1) hash = Math.imul(hash ^ name.charCodeAt(place), 0x01000193);
    return `ratings-${worded ? `${plain}-` : ""}${(hash >>> 0).toString(16).padStart(8, "0")}.jsonl`;
  }
  function save() {
    if (kept.now === "") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines()], { type: "application/x-ndjson" }));
    link.download = file(kept.now);
    link.click();
    exported = true;
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const run = {
    undo, back: () => go(-1), next: () => go(1), save,
    bones: () => { bones = !bones; show(); },
    rename: () => { $("name").value = kept.now; kept.now = ""; show(); },
  };
  const letters = { undo: ["z"], back: ["p"], next: ["n"], bones: ["s"], save: ["e"] };
  for (const name in run) $(name).addEventListener("click", run[name]);
  for (const value of values) $(`value-${value}`).addEventListener("click", () => rate(value));
  const typed = () => $("name").value.trim().replace(/\s+/g, " ");
  const reserved = (name) => name.toLowerCase() === "people";
  // Before the form is checked, by Enter too.
  $("ask").querySelector("button").addEventListener("click", () => {
    $("name").setCustomValidity(reserved(typed()) ? "\"people\" is what all raters are called: take another word." : "");
  });
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = typed();
    if (name === "" || reserved(name)) return;
    take(name); keep(); show(true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.id === "name" || kept.now === "") return;
    if (event.target.type === "range" && event.key.startsWith("Arrow")) return; // the slider's own
    const key = event.key.toLowerCase();
    const value = values.find((one) => keys[one].includes(key));
    const name = Object.keys(letters).find((one) => letters[one].includes(key));
    if (value !== undefined && !event.repeat) { event.preventDefault(); rate(value); }
    else if (name && !(event.repeat && name === "save") && !$(name).hidden) { event.preventDefault(); run[name](); }
  });
  addEventListener("storage", (event) => {
    if (event.key !== place || event.newValue === null) return;
    if (join()) write();
    if (kept.now !== "") show(false);
  });
  // Only where the browser keeps nothing would closing the page lose what was rated.
  addEventListener("beforeunload", (event) => { if (!exported && !$("lost").hidden && marks.size) event.preventDefault(); });

  recall();
  if (kept.now !== "") take(kept.now);
  show(false);
})();


// The page on which people rate answers: one at a time from 1 to 10, or which of two is better.
//
// What is rated stands in #content: JSON of pictures and items. What was rated is kept in the browser, a log a rater:
// [[id, value], ...], the last of an id counts; undo takes the last away. Answers come from models and enter the page as
// text only, never as HTML.
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
      one[1].every((mark) => Array.isArray(mark) && known.has(mark[0]) && values.includes(mark[1])));
  const lost = (hidden) => { $("lost").hidden = hidden; };
  function recall() {
    try {
      const text = localStorage.getItem(place);
      if (text === null) return localStorage.setItem(`${place}-try`, "1"), localStorage.removeItem(`${place}-try`);
      const found = JSON.parse(text);
      if (sound(found)) kept = found;
    } catch (error) { lost(error instanceof SyntaxError); }
  }
  function keep() {
    exported = false;
    try { localStorage.setItem(place, JSON.stringify(kept)); lost(true); } catch (error) { lost(false); }
  }
  function take(name) {
    let found = kept.raters.find((one) => one[0] === name);
    if (!found) kept.raters.push((found = [name, []]));
    kept.now = name; log = found[1]; marks = new Map(log);
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
    $("bones").hidden = ended() || !data.pictures[data.items[at].picture].drawn;
    if (!named) return $("name").focus();
    if (ended()) {
      $("endword").textContent = left ? `This was the last. ${left} ${left === 1 ? "is" : "are"} not rated yet: "next" goes to the first of them.`
        : `All ${data.items.length} are rated. Thank you. Export them and send the file to whoever asked you.`;
      return focus && $("endword").focus();
    }
    const item = data.items[at], picture = data.pictures[item.picture], mark = marks.get(item.id);
    const drawn = bones && picture.drawn;
    const source = drawn ? picture.drawn : picture.plain;
    if ($("picture").getAttribute("src") !== source) $("picture").src = source;
    $("picture").alt = drawn ? "The picture with its annotated skeletons" : "The picture that the question is about";
    $("bones").setAttribute("aria-pressed", String(Boolean(drawn)));
    $("legend").hidden = !drawn;
    $("where").textContent = `Picture ${item.picture + 1} of ${data.pictures.length}, ${pairs ? "pair" : "answer"} ${at + 1} of ${data.items.length}`;
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
    log.push([id, value]); marks.set(id, value); keep();
    at = at + 1 < data.items.length && !marks.has(data.items[at + 1].id) ? at + 1 : unrated(at);
    show(true);
  }
  function undo() {
    const last = log.pop();
    if (!last) return;
    marks = new Map(log); keep();
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
  function save() {
    if (kept.now === "") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines()], { type: "application/x-ndjson" }));
    link.download = `ratings-${kept.now.replace(/[^\w.-]+/g, "_")}.jsonl`;
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
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("name").value.trim().replace(/\s+/g, " ");
    if (name === "") return;
    take(name); keep(); show(true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.id === "name" || kept.now === "") return;
    const key = event.key.toLowerCase();
    const value = values.find((one) => keys[one].includes(key));
    const name = Object.keys(letters).find((one) => letters[one].includes(key));
    if (value !== undefined && !event.repeat) { event.preventDefault(); rate(value); }
    else if (name && !(event.repeat && name === "save") && !$(name).hidden) { event.preventDefault(); run[name](); }
  });
  // Only where the browser keeps nothing would closing the page lose what was rated.
  addEventListener("beforeunload", (event) => { if (!exported && !$("lost").hidden && log.length) event.preventDefault(); });

  recall();
  if (kept.now !== "") take(kept.now);
  show(false);
})();

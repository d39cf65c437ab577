// Frames of a clip: played in place at their real times, looked at one by one, and marked where claims took place.
//
// It stands first in the script of every page that shows clips. A clip (.clip) has a screen (.screen img), a bar that is
// hidden without scripts (.bar: a button .play, a slider .place), its frames in order (.frame, data-time in seconds) and
// the spans of claims (button.span: data-start, data-end, data-mark). Nothing moves until somebody presses a button; who
// wants less motion (prefers-reduced-motion) gets the next frame at each press instead.
"use strict";
const playFrames = (clip) => {
  const screen = clip.querySelector(".screen img");
  const button = clip.querySelector(".play");
  const place = clip.querySelector(".place");
  const frames = [...clip.querySelectorAll(".frame")];
  const times = frames.map((one) => Number(one.dataset.time));
  const last = frames.length - 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const gaps = times.slice(1).map((one, at) => one - times[at]).sort((a, b) => a - b);
  const gap = gaps.length ? gaps[gaps.length >> 1] : 0; // how long the last frame stays: as long as most of the others
  let at = 0;
  let waiting = 0;

  const label = () => { button.textContent = waiting ? "Stop" : still.matches ? "Next frame" : "Play"; };
  const show = (number) => {
    at = number;
    frames.forEach((one, other) => one.toggleAttribute("data-now", other === at));
    screen.src = frames[at].querySelector("img").src;
    const told = `${times[at].toFixed(1)} s`;
    screen.alt = `Frame ${at + 1} of ${frames.length}, ${told}`;
    place.value = at;
    place.setAttribute("aria-valuetext", `frame ${at + 1} of ${frames.length}, ${told}`);
  };
  const stop = () => {
    clearTimeout(waiting);
    waiting = 0;
    label();
  };
  // From one frame to another. Time counts from the press: a timer that is late delays no frame but its own.
  const run = (from, to) => {
    stop();
    const began = performance.now() - 1000 * times[from];
    const next = () => {
      if (!clip.isConnected) return stop(); // another question is open
      while (at < to && 1000 * times[at + 1] <= performance.now() - began + 2) show(at + 1);
      const wait = at < to ? 1000 * times[at + 1] - (performance.now() - began) : 1000 * gap;
      waiting = setTimeout(at < to ? next : stop, Math.max(0, wait));
    };
    show(from);
    next();
    label();
  };
  // The frames that a span holds; where it lies between two, the nearest to its middle.
  const within = (start, end) => {
    const found = times.map((_, number) => number).filter((number) => times[number] >= start - 0.001 && times[number] <= end + 0.001);
    const far = (number) => Math.abs(times[number] - (start + end) / 2);
    return found.length ? found : [times.reduce((best, _, number) => (far(number) < far(best) ? number : best), 0)];
  };

  for (const one of clip.querySelectorAll("button.span")) {
    const held = within(Number(one.dataset.start), Number(one.dataset.end));
    frames.forEach((frame, number) => {
      const lane = document.createElement("i");
      lane.className = held.includes(number) ? `lane ${one.dataset.mark}` : "lane";
      frame.querySelector(".lanes").append(lane);
    });
    one.disabled = false;
    one.addEventListener("click", () => (still.matches ? (stop(), show(held[0])) : run(held[0], held[held.length - 1])));
  }
  button.addEventListener("click", () => {
    if (waiting) stop();
    else if (still.matches) show(at === last ? 0 : at + 1);
    else run(at === last ? 0 : at, last);
  });
  place.addEventListener("input", () => { stop(); show(Number(place.value)); });
  frames.forEach((one, number) => one.addEventListener("click", () => { stop(); show(number); }));
  clip.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !waiting) return;
    event.stopPropagation();
    stop();
  });
  still.addEventListener("change", stop);
  place.max = last;
  clip.querySelector(".bar").hidden = last < 1;
  show(0);
  label();
};
document.querySelectorAll(".clip").forEach(playFrames);

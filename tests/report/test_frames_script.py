"""The script that plays frames, with a clock and elements of paper, where there is Node; test_clips has a browser."""

import json
import shutil
import subprocess

import pytest

from llavapose.report.markup import script

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no Node on the PATH: the script is not run without a browser")
PAPER = """
let now = 0, timers = [], reduce = REDUCE;
globalThis.performance = { now: () => now };
globalThis.setTimeout = (call, wait) => { timers.push({ at: now + wait, call }); return timers.length; };
globalThis.clearTimeout = (number) => { if (number) timers[number - 1].call = null; };
globalThis.matchMedia = () => ({ matches: reduce, addEventListener: () => 0 });
const pass = (ms) => {
  const end = now + ms;
  for (;;) {
    const due = timers.filter((one) => one.call && one.at <= end).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    now = Math.max(now, due.at);
    const call = due.call; due.call = null; call();
  }
  now = end;
};
const paper = (extra = {}) => {
  const heard = {}, held = [];
  return { dataset: {}, held, append: (...more) => held.push(...more), setAttribute: () => 0,
    addEventListener: (name, call) => { heard[name] = call; },
    does: (name, event = {}) => heard[name](event), ...extra };
};
globalThis.document = { querySelectorAll: () => [], createElement: () => paper() };
const frame = (time) => {
  const lanes = paper(), img = { src: `frame ${time}` };
  const one = paper({ now: false, querySelector: (what) => (what === "img" ? img : lanes), lanes });
  one.dataset.time = String(time);
  one.toggleAttribute = (_, on) => { one.now = on; };
  return one;
};
const frames = [0, 0.2, 0.4, 0.6, 1.0].map(frame);
const screen = {}, button = paper(), place = paper(), bar = {};
const span = paper({ disabled: true });
Object.assign(span.dataset, { start: "0.2", end: "0.55", mark: "right" });
const between = paper();
Object.assign(between.dataset, { start: "0.7", end: "0.75", mark: "wrong" });
const clip = paper({ isConnected: true,
  querySelector: (what) => ({ ".screen img": screen, ".play": button, ".place": place, ".bar": bar })[what],
  querySelectorAll: (what) => (what === ".frame" ? frames : [span, between]) });
const at = () => frames.findIndex((one) => one.now);
const told = [];
const note = () => told.push([at(), button.textContent]);
"""


def run(steps: str, *, reduce: bool = False) -> list:
    paper, told = PAPER.replace("REDUCE", json.dumps(reduce)), "console.log(JSON.stringify(told));"
    code = "\n".join([paper, script("frames.js").code, "playFrames(clip);", steps, told])
    found = subprocess.run([str(NODE), "-e", code], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_frames_follow_at_their_times_and_stop_at_the_end():
    waits = "for (const ms of [190, 20, 180, 20, 180, 20, 380, 20, 170, 40, 5000]) { pass(ms); note(); }"
    assert run(f"note(); button.does('click'); note(); {waits}") == [
        [0, "Play"], [0, "Stop"], [0, "Stop"], [1, "Stop"], [1, "Stop"], [2, "Stop"], [2, "Stop"], [3, "Stop"],
        [3, "Stop"], [4, "Stop"], [4, "Stop"], [4, "Play"], [4, "Play"],
    ]  # fmt: skip
    again = "button.does('click'); pass(9000); note(); button.does('click'); note(); pass(450); note();"
    assert run(again) == [[4, "Play"], [0, "Stop"], [2, "Stop"]], "from the start again"


def test_a_press_escape_the_slider_and_another_question_stop_it():
    begin = "button.does('click'); pass(450); "
    later = " note(); pass(5000); note();"
    assert run(f"{begin} button.does('click'); {later}") == [[2, "Play"]] * 2
    escape = "clip.does('keydown', { key: 'Escape', stopPropagation: () => 0 });"
    assert run(f"{begin} {escape} {later}") == [[2, "Play"]] * 2
    assert run(f"{begin} place.value = '1'; place.does('input'); {later}") == [[1, "Play"]] * 2
    assert run(f"{begin} frames[3].does('click'); {later}") == [[3, "Play"]] * 2
    assert run(f"{begin} clip.isConnected = false; pass(5000); note();") == [[2, "Play"]]


def test_a_late_timer_skips_frames_and_not_time():
    assert run("button.does('click'); now = 650; pass(0); note(); pass(340); note(); pass(20); note();") == [
        [3, "Stop"], [3, "Stop"], [4, "Stop"],
    ]  # fmt: skip


def test_spans_mark_the_frames_that_they_hold_or_the_nearest_and_play_them():
    lanes = "told.push(frames.map((one) => one.lanes.held.map((lane) => lane.className)));"
    marked = run(lanes)[0]
    assert [one[0] for one in marked] == ["lane", "lane right", "lane right", "lane", "lane"]
    assert [one[1] for one in marked] == ["lane", "lane", "lane", "lane wrong", "lane"]
    assert run("told.push(span.disabled); span.does('click'); note(); pass(230); note(); pass(5000); note();") == [
        False, [1, "Stop"], [2, "Stop"], [2, "Play"],
    ]  # fmt: skip


def test_who_wants_less_motion_gets_one_frame_a_press():
    presses = "note(); button.does('click'); note(); pass(5000); note(); span.does('click'); pass(5000); note();"
    assert run(presses, reduce=True) == [[at, "Next frame"] for at in (0, 1, 1, 1)]
    assert run("for (let n = 0; n < 5; n += 1) button.does('click'); note();", reduce=True) == [[0, "Next frame"]]

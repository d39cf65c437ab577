"""Settings of an evaluation: who asks, who answers, who judges, and the pose probe.

A benchmark, an answerer and a judge are built from what ``_target_`` names: a class or function, ours or anybody's. Its
arguments are the settings of its group: one that is null is left to its default, one that it does not take is refused.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from llavapose.config.choices import (
    AnswerDtype,
    AskMode,
    Control,
    JudgeContext,
    JudgeProtocol,
    RateMode,
    Report,
)
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import LocatingConfig
from llavapose.config.values import Cap, not_a_seed, not_money, not_plain, repeated, reserved, too_small, unread
from llavapose.records import BASELINE, POSE, TEXT_ONLY


@dataclass(kw_only=True)
class BenchmarkConfig:
    """Group ``benchmark``: the questions that every arm answers, and their pictures."""

    _target_: str = MISSING
    """What makes the benchmark: see ``llavapose/evaluation/benchmarks/protocol.py``."""
    num_images: int | None = None
    """Held-out pictures, one question of each kind about each; 0: no benchmark."""
    seed: int | None = None
    """Draws pictures and questions."""
    path: Path | None = None
    """JSONL file of questions: id, scene_id, image, kind, text and, where it asks for one fact, asked."""
    images: Path | None = None
    """Folder of the questions' pictures, without annotations; null: the held-out pictures of ``scenes``."""
    also_in: Path | None = None
    """Annotation file below ``scenes.root`` that must list each picture as well: COCO 2017's val, for those of val2014
    that no base was tuned on."""
    annotations: Path | None = None
    """JSONL file of the pictures' captions and boxes in LLaVA's form: id, captions, instances."""
    get: str | None = None
    """How to come by ``path`` and ``annotations``, for the message where they are not there."""
    get_images: str | None = None
    """How to come by ``images``, likewise."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of a ``_target_`` of one's own."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        return too_small(self, "benchmark.", num_images=0) + not_a_seed("benchmark.", self.seed)


@dataclass(kw_only=True)
class ProbeConfig:
    """The pose probe: pairs of true and flipped statements about held-out pictures."""

    enabled: bool = True
    num_items: int = 1500
    """Pairs of statements in all, balanced per fact."""
    num_images: int | None = None
    """Held-out pictures; null: all."""
    max_items_per_fact: int | None = None
    """Most pairs of one kind of fact; null: all that balance."""
    shuffled: bool = True
    """Also score with shuffled pictures, the control that must fall to chance."""
    no_picture: bool = True
    """Also score without any picture; half of the pairs are right then, for they come in couples of equal texts."""
    frame_controls: bool | None = None
    """Of scenes with frames: also score facts about motion with the frames in another order, reversed, and one
    repeated. null: yes."""
    num_asked: int = 0
    """Pairs that a model behind an endpoint is asked about, "A or B?" in both orders, two calls a pass, six with both
    controls, twelve about frames. 0: an endpoint is not probed. ``num_items`` is for those that give likelihoods."""
    seed: int = 0

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "probe.", num_items=0, num_asked=0, num_images=1, max_items_per_fact=1)
        return found + not_a_seed("probe.", self.seed)


@dataclass(kw_only=True)
class ExportedConfig:
    """What another harness made of an exported probe (``export=lmms_eval``)."""

    results: Path | None = None
    """Its logged samples, a file or a folder, to be read back as tables; null: the probe is written."""


@dataclass(kw_only=True)
class AnswererConfig:
    """Group ``answerer``: who answers the benchmark."""

    _target_: str = MISSING
    """What makes the answerer: see ``llavapose/evaluation/answerers/protocol.py``."""
    batch_size: int | None = None
    """Questions answered at once."""
    max_new_tokens: int | None = None
    """Longest answer, in tokens."""
    dtype: AnswerDtype | None = None
    """Precision of a checkpoint's weights; null: bfloat16 on a GPU, float32 elsewhere."""
    devices: int | None = None
    """GPUs that answer side by side, a copy of the checkpoint each; without any, processes on the CPU; null: 1."""
    num_timed: int | None = None
    """Questions that are asked once more, one by one, for time to first token, tokens a second and memory; null: 3."""
    path: Path | None = None
    """File of answers: JSONL with question_id and text."""
    endpoint: EndpointConfig | None = None
    """An OpenAI-compatible endpoint that takes pictures."""
    max_usd: Cap = None
    """Hard cap on an endpoint's money, in US dollars; ``none``: no cap. An endpoint with a price needs one of them."""
    frames: int | None = None
    """Of questions about frames: how many are shown, evenly spread, 1 being the middle one. null: as many as the
    checkpoint was trained with, else 8."""
    greedy: bool | None = None
    """Whether an endpoint is sent temperature 0 where its settings name none; a checkpoint always answers greedily."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of a ``_target_`` of one's own."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "answerer.", batch_size=1, max_new_tokens=1, devices=1, num_timed=0, frames=1)
        return found + not_money("answerer.", self.max_usd)


@dataclass(kw_only=True)
class JudgeConfig:
    """Group ``judge``: who rates the answers."""

    _target_: str = MISSING
    """What makes the judge: see ``llavapose/evaluation/judges/protocol.py``."""
    name: str | None = None
    """What files and tables call it, with the context behind it where there are two; null: made of the endpoint's
    model, protocol and context."""
    protocol: JudgeProtocol | None = None
    """``pair``: beside the opponent's answer, both rated, in both orders; ``single``: one answer at a time;
    ``relative``: beside the reference's, in percent of it."""
    anchor: str | None = None
    """The arm that the others are rated beside, whose answers must lie in ``output_dir``; null: the baseline, with
    ``relative`` the row ``text_only``."""
    context: JudgeContext | None = None
    """What the judge knows of the picture; ``texts``: two judges, without and with keypoints."""
    mode: AskMode | None = None
    """Request by request, or by the endpoint's Batch API, which is waited for."""
    repeats: int | None = None
    """How often the same is rated; the mean counts, and their spread is told."""
    endpoint: EndpointConfig | None = None
    """An OpenAI-compatible endpoint."""
    max_usd: Cap = None
    """Hard cap on an endpoint's money, in US dollars; ``none``: no cap. An endpoint with a price needs one of them."""
    seed: int | None = None
    """Sent where the endpoint takes one, with the number of the repeat added."""
    max_asks: int | None = None
    """How often one rating is asked for, the first time included, before the answer stays unscored."""
    min_accepted: float | None = None
    """Least share of an endpoint's replies that must have a verdict once a hundred are read; below it the run stops."""
    max_missing: float | None = None
    """Largest share of an arm's questions that may lack a rating, any of those asked for, in the end; above it the run
    fails and writes none. Of the pose judge: whose answer is missing."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of a ``_target_`` of one's own."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "judge.", max_asks=1, repeats=1) + not_money("judge.", self.max_usd)
        found += not_a_seed("judge.", self.seed)
        shares = {"min_accepted": self.min_accepted, "max_missing": self.max_missing}
        found += [
            f"judge.{name} is {share}; expected a share from 0 to 1"
            for name, share in shares.items()
            if share is not None and not 0 <= share <= 1
        ]
        if self.mode == AskMode.batch and self.endpoint is not None and not self.endpoint.has_batch:
            found.append(f"judge.mode is batch, and {self.endpoint.name} has no Batch API; leave judge.mode=live")
        found += not_plain("judge.name", self.name) + not_plain("judge.anchor", self.anchor)
        taken = {POSE: "the offline judge", "panel": "the median of all judges"}
        if self.endpoint is not None and self.name is not None and self.name.lower() in taken:
            found.append(f"judge.name is {self.name}, which is {taken[self.name.lower()]}; choose another")
        if self.endpoint is not None and self.anchor is not None and self.protocol == JudgeProtocol.single:
            found.append(f"judge.anchor is {self.anchor}; judge.protocol=single has no anchor")
        seen = self.context is not None and self.context.sees
        if seen and self.endpoint is not None and not self.endpoint.takes_images:
            found.append(f"judge.context is {self.context}, and judge.endpoint.takes_images is false; choose a model "
                         "that sees pictures, or judge.context=texts")  # fmt: skip
        return found

    @property
    def beside(self) -> str | None:
        """The arm whose answers a model judges the others beside; None for a judge of single answers."""
        if self.endpoint is None or self.protocol in (None, JudgeProtocol.single):
            return None
        return self.anchor or (TEXT_ONLY if self.protocol == JudgeProtocol.relative else BASELINE)


@dataclass(kw_only=True)
class RateConfig:
    """Group ``rate``: what people are shown to rate, with ``report=rate``."""

    num_pictures: int | None = None
    """Pictures, each with every kind of question and all compared arms; null: 25, or all where there are fewer."""
    mode: RateMode = RateMode.scale
    """``scale``: an answer at a time, from 1 to 10; ``pairs``: which of two is better, or neither."""
    seed: int = 0
    """Draws the pictures: of one seed a smaller draw is the beginning of a larger."""
    arms: list[str] | None = None
    """Whose answers are compared; null: all that lie there, without the controls."""
    half_width: float | None = None
    """Wished half-width of the 95% interval of a difference between two arms, for which the page says how many pictures
    are needed; null: 0.5 of the scale, in pairs 0.1 of the share that is preferred."""
    ratings: list[str] | None = None
    """Raters' exports to read back, files or patterns; null: the page is written."""

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "rate.", num_pictures=2) + not_a_seed("rate.", self.seed)
        found += [line for arm in self.arms or () for line in not_plain("rate.arms", arm)]
        found += repeated("rate.arms", self.arms or ())
        most = 9.0 if self.mode == RateMode.scale else 0.5
        if self.half_width is not None and not 0.01 <= self.half_width <= most:
            of = "as a difference of ratings from 1 to 10 is" if self.mode == RateMode.scale else "as half a share is"
            found.append(f"rate.half_width is {self.half_width}; expected 0.01 to {most:g} at most, {of}")
        return found


@dataclass(kw_only=True)
class EvaluateConfig:
    """All settings of ``evaluate.py``."""

    checkpoint: str | None = None
    """Checkpoint folder (the `hf` folder that train.py leaves), or ``tiny`` for the base; null where none answers."""
    arm: str = MISSING
    """Row in the tables."""
    scenes: ScenesConfig = field(default_factory=ScenesConfig)
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    exported: ExportedConfig = field(default_factory=ExportedConfig)
    answerer: AnswererConfig = field(default_factory=AnswererConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    locate: LocatingConfig = field(default_factory=LocatingConfig)
    """Asks where joints are, as a run with data=locate does at its end: locate.num_people=200; null: all."""
    controls: list[Control] | None = None
    """How the questions are asked once more: with other pictures, and without any; about frames also with these in
    another order. Each costs as much again. null: all that the pictures allow."""
    text_only: bool = True
    """Also rate what the ground truth comes to when it is told as text: the upper bound. Without an endpoint it is the
    offline teacher's, and free but for a judge that is paid; ``answerer=text_only`` asks a model once for all arms."""
    output_dir: Path = MISSING
    """Folder for `answers/<arm>.jsonl`, `verdicts/<judge>/<arm>.jsonl`, `probe/<arm>.jsonl`."""
    baseline: str = "baseline"
    """Row that the others are compared with."""
    ours: str | None = None
    """Of a model of a comparison: our arm, beside which a judge of pairs rates it unless ``judge.anchor`` names
    another; null: no comparison."""
    tables: bool = True
    """Print and write the tables of every arm in ``output_dir``; a sweep makes those of its jobs itself."""
    dry_run: bool = False
    """Print the requests, tokens and money that endpoints would be asked for, and stop; needs no key."""
    report: Report = Report.none
    """``rate``: instead of evaluating, a page in ``output_dir`` on which people rate its answers, or their ratings."""
    rate: RateConfig = field(default_factory=RateConfig)

    @property
    def locates(self) -> bool:
        """Whether anybody is asked where joints are."""
        return self.locate.num_people != 0

    @property
    def rating(self) -> JudgeConfig:
        """The judge with its anchor: in a comparison that is our arm, as in the papers."""
        judge = self.judge
        if self.ours is None or judge.anchor is not None or judge.protocol != JudgeProtocol.pair:
            return judge
        return replace(judge, anchor=self.ours) if judge.endpoint is not None else judge

    @property
    def answers_truth(self) -> bool:
        """Whether who answers is the one whose row is ``text_only``."""
        return self.answerer._target_.endswith("text_only.text_only")

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = not_plain("arm", self.arm) + not_plain("baseline", self.baseline) + not_plain("ours", self.ours)
        if self.report != Report.none:
            found.append(f"report={self.report} is given just so, without -m and quotes: it evaluates nothing")
        if not self.answers_truth:
            found += reserved("arm", self.arm)
        elif self.arm != TEXT_ONLY:
            found.append(f"arm is {self.arm}; expected arm={TEXT_ONLY}, the row of answerer=text_only")
        found += not_of_frames(self) + _tested_by_itself(self.scenes)
        if not self.locates:
            names = [item.name for item in fields(self.locate) if item.name != "num_people"]
            return [
                *found,
                *unread(self.locate, "locate.", names, "nobody is asked about; set locate.num_people, null: all"),
                *nothing_evaluated(self.benchmark, self.probe, "leave one of them out"),
            ]
        return found


def controls_asked(controls: list[Control] | None, scenes: ScenesConfig) -> list[Control]:
    """The controls that settings ask for: where they name none, those that such pictures allow."""
    return [one for one in Control if scenes.source.over_time or not one.of_frames] if controls is None else controls


def not_of_frames(config: Any) -> list[str]:
    """Lines about settings of a run that are of frames where its pictures stand alone, or controls named twice."""
    found = repeated("controls", config.controls or ())
    if config.scenes.source.over_time:
        return found
    why = f"scenes={config.scenes.name} has no frames; leave it out, or choose scenes=motion"
    if config.benchmark.path is None:  # questions of a file may be about frames, which is seen when they are read
        named = [one.value for one in config.controls or () if one.of_frames]
        found += [f"controls names {', '.join(named)}: {why}"] * bool(named)
        found += unread(config.answerer, "answerer.", ("frames",), why)
    return found + unread(config.probe, "probe.", ("frame_controls",), why)


def _tested_by_itself(scenes: ScenesConfig) -> list[str]:
    """A line where the pictures that chance is counted over are those that are asked about."""
    same = scenes.train.keypoints is not None and scenes.train.keypoints == scenes.val.keypoints
    return [
        f"scenes.train.keypoints and scenes.val.keypoints are both {scenes.val.keypoints}: the prior and the pose "
        "judge would know what is likely from the tested pictures; name a training split's file in scenes.train"
    ] * same


def nothing_evaluated(benchmark: BenchmarkConfig, probe: ProbeConfig, instead: str) -> list[str]:
    """A line where neither a question is asked nor a statement weighed."""
    unasked = benchmark.num_images == 0 and benchmark.path is None
    if not unasked or (probe.enabled and probe.num_items):
        return []
    off = "probe.num_items=0" if probe.enabled else "probe.enabled=false"
    return [f"benchmark.num_images=0 and {off}: nothing would be evaluated; {instead}"]

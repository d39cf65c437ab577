"""Settings of how samples are made: by a teacher, from what, at what price; or from keypoints, without one."""

from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import MISSING

from llavapose.config.choices import AskMode, Coding, Context, ConvForm, LocateAsking, LocateView, Quality
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.values import not_a_seed, not_plain, too_small, unread
from llavapose.kinds import listed, taught_kinds
from llavapose.pose.skeleton import COCO17

MAX_SIZE = 4096
"""Pixels of a crop's side at most."""

_OF_ENDPOINTS = (
    "caption_turns", "examples", "frames", "quality", "max_asks", "min_accepted", "max_requests", "run", "wait",
    "leave_replies", "retry_failed",
)  # fmt: skip
"""Settings that the offline teacher has no use for."""


@dataclass(kw_only=True)
class TeacherConfig:
    """Group ``teacher``: who writes the instruction data, from what."""

    name: str = MISSING
    endpoint: EndpointConfig | None = None
    """An OpenAI-compatible endpoint; null: the offline teacher, which needs none."""
    context: dict[str, Context] = field(default_factory=dict)
    """Kind of sample -> what the teacher sees of a picture; ``teacher.context=boxes`` sets it for every kind. A kind
    that is left out sees keypoints. The papers' conversations see captions, each as a few-shot turn."""
    sees: Context | None = None
    """What the teacher sees of every picture, whatever ``context`` says; null: as that says. The offline teacher then
    answers the questions that it asks with everything in view, so that four sets (``captions``, ``boxes``,
    ``keypoints``, ``other_keypoints``) differ by their answers alone."""
    caption_turns: bool = True
    """Whether the captions of a picture are turns of ``conv`` requests, as if the teacher had described it before (the
    papers' code); false: they stand in the picture's text, as for the other kinds."""
    examples: Path | None = None
    """File of examples made by hand, shown as turns before each picture (``llavapose/teacher/examples.py``)."""
    conv_form: ConvForm = ConvForm.pairs
    num_samples: int | None = None
    """Samples in all, in the papers' ratio 112,980 : 45,174 : 42,174; null: about 4.4 a picture, as theirs."""
    motion_share: float = 0.75
    """Share of the samples that is about what moves, where scenes have frames; the others are about the middle of the
    clip, as if it were a picture."""
    frames: int = 8
    """Frames of a clip that an endpoint is sent, evenly chosen; the offline teacher reads all of them."""
    seed: int = 0
    mode: AskMode = AskMode.live
    """``batch``: by the endpoint's Batch API, at half the price, within a day."""
    wait: bool = True
    """With ``mode=batch``: wait for the batches; false: hand them in and collect by the same command later."""
    quality: Quality = Quality.repair
    """What a leak or a sentence that contradicts the keypoints does to an endpoint's reply: ``report`` counts it,
    ``reject`` drops it and asks again, ``repair`` asks again with the fault named."""
    max_asks: int = 3
    """How often one request is asked, the first time included, before it is set aside."""
    min_accepted: float = 0.2
    """Least share of an endpoint's replies, by kind, that must be of use once a hundred are read; below it the run
    stops and shows why. 0: it goes on whatever comes."""
    max_requests: int | None = None
    """Most requests to an endpoint, those of earlier runs included; null: as many as the plan's, each asked three times
    or ``max_asks`` times."""
    run: str | None = None
    """Name of the ledger of replies; null: the names of scenes and teacher. A new name starts anew."""
    leave_replies: bool = False
    """Go on although paid replies in the ledger were made by other prompts, contexts or models and will not be used."""
    retry_failed: bool = False
    """Ask again what the endpoint refused to answer in an earlier run."""

    def context_of(self, kind: str) -> Context:
        """What the teacher sees of a picture for one kind."""
        return self.sees or self.context.get(kind, Context.keypoints)

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "teacher.", num_samples=1, frames=2, max_asks=1, max_requests=1)
        found += not_plain("teacher.run", self.run) + not_a_seed("teacher.", self.seed)
        if not 0 <= self.min_accepted <= 1:
            found.append(f"teacher.min_accepted is {self.min_accepted}; expected a share from 0 to 1")
        if not 0 <= self.motion_share <= 1:
            found.append(f"teacher.motion_share is {self.motion_share}; expected a share from 0 to 1")
        unknown = [kind for kind in self.context if kind not in taught_kinds()]
        if unknown:
            found.append(f"teacher.context has {', '.join(unknown)}; expected some of {listed(taught_kinds())}")
        if self.mode == AskMode.batch and self.endpoint is not None and not self.endpoint.has_batch:
            found.append(f"teacher.mode=batch: {self.name} has no Batch API; use teacher.mode=live")
        if self.endpoint is not None and self.name.startswith("offline"):
            found.append(f"teacher={self.name} asks no endpoint; leave it out, or leave teacher.endpoint out")
        if self.endpoint is None:
            contexts = {self.context_of(kind) for kind in taught_kinds()}
            if len(contexts) > 1:
                found.append("teacher.context: the offline teacher writes all kinds from one context; give one for all")
            if self.mode == AskMode.batch:
                found.append("teacher.mode=batch: the offline teacher answers at once; use teacher.mode=live")
            found += unread(self, "teacher.", _OF_ENDPOINTS, "the offline teacher asks nobody; leave it out")
        elif self.mode == AskMode.live:
            found += unread(self, "teacher.", ("wait",), "only batches can be handed in; use teacher.mode=batch")
        return found


def not_of_scenes(teacher: TeacherConfig, *, over_time: bool) -> list[str]:
    """A line for each setting that goes with pictures where scenes have frames, or the other way round."""
    if not over_time:
        why = "these scenes are pictures and show no motion; choose scenes=motion, or leave it out"
        return unread(teacher, "teacher.", ("motion_share", "frames"), why)
    if teacher.sees is None:
        return []
    return [f"teacher.sees={teacher.sees.value} goes with pictures, and these scenes have frames; set teacher.context"]


@dataclass(kw_only=True)
class LocateConfig:
    """Group ``locate``: samples of kind "locate", made from keypoints without a teacher."""

    view: LocateView = LocateView.crop
    """``crop``: a square about one person; ``picture``: the whole picture, the person told by its box."""
    asking: LocateAsking = LocateAsking.each
    """``each``: one question a joint; ``json``: one answer with all joints."""
    coding: Coding = Coding.decimal
    """``decimal``: [0.512,0.040], the papers'; ``bins``: [512,40]; ``tokens``: one new token a value."""
    described: bool = True
    """Say in each question of one joint what that is and where a body has it (LocLLM's way); false: its name alone."""
    margin: float = 1.0
    """Factor on the side of a crop, which is the box's longer side; 1: LocLLM's."""
    size: int = 224
    """Pixels of a crop's side."""
    versions: int = 0
    """Varied views of each person (size, turn, mirror), one for each pass over the people; 0: as they stand."""
    max_joints: int | None = None
    """Joints asked for of each view of a person, drawn with the seed from those that are visible (5: LocLLM's);
    null: all, those that are not visible too."""
    boxes: Path | None = None
    """Of held-out people, by a detector (COCO's results format); null: the annotated ones."""
    least_box: float = 0.0
    """Least score of such a box."""
    num_people: int | None = None
    """Held-out people that a model is asked about, of the first pictures; null: all; 0: nobody."""
    left_out: list[str] = field(default_factory=list)
    """Joints that training never asks for, to be asked for by their description alone afterwards."""
    seed: int = 0

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = too_small(self, "locate.", size=32, versions=0, max_joints=1, num_people=0) + not_a_seed(
            "locate.", self.seed
        )
        if self.size > MAX_SIZE:
            found.append(f"locate.size is {self.size}; expected at most {MAX_SIZE} pixels: no encoder sees more")
        if not 0.5 <= self.margin <= 4:
            found.append(f"locate.margin is {self.margin}; expected 0.5 to 4 times the box's longer side")
        if self.boxes is None:
            found += unread(self, "locate.", ("least_box",), "it goes with locate.boxes")
        whole, together = self.view == LocateView.picture, self.asking == LocateAsking.json
        if whole:
            why = "with locate.view=picture the whole picture is shown as it is"
            found += unread(self, "locate.", ("margin", "size", "versions"), why)
        if together:
            found += unread(self, "locate.", ("max_joints",), "with locate.asking=json an answer has all joints")
        if whole and together:
            why = "one answer tells everyone in the picture, each with a box of its own"
            found += unread(self, "locate.", ("boxes",), why)
        unknown = [name for name in self.left_out if name not in COCO17.joints]
        if unknown:
            found.append(f"locate.left_out has {', '.join(unknown)}; expected some of {', '.join(COCO17.joints)}")
        elif len(set(self.left_out)) == len(COCO17.joints):
            found.append("locate.left_out has every joint; leave one to be learnt at least")
        return found


@dataclass(kw_only=True)
class LocatingConfig(LocateConfig):
    """Group ``locate`` of ``evaluate.py``: as a model was taught to be asked, and nobody unless it says so."""

    num_people: int | None = 0
    """Held-out people that are asked about, of the first pictures; null: all; 0: nobody."""

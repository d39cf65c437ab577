"""What a reply is worth: its conversations, each checked, as text that the ledger keeps beside the reply.

A run that goes on after a stop reads these lines again instead of parsing and checking 110,000 replies::

    {"reason": null, "left_out": {"one-sided": 1},
     "conversations": [{"turns": [["user", "..."], ["assistant", "..."]], "finding": {"supported": 2, ...}}]}
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from llavapose.errors import ReplyError
from llavapose.plain_json import parse_json
from llavapose.records import Fact, Scene, Turn
from llavapose.teacher.checks.findings import Finding, all_together, check_conversation, from_json, to_json
from llavapose.teacher.reply.parse import parse_reply

CONTRADICTION, LEAK = "contradicts the keypoints", "leaks the annotations"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One conversation of a reply with what was found in it."""

    turns: tuple[Turn, ...]
    finding: Finding


@dataclass(frozen=True)
class Reading:
    """One reply, read.

    Attributes:
        told: its conversations; empty where nothing can be used.
        reason: why nothing can be used; None where something can.
        left_out: reason -> pairs of the reply that were no conversation.
    """

    told: tuple[Told, ...] = ()
    reason: str | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    @cached_property
    def good(self) -> tuple[Told, ...]:
        """The conversations without a leak or a contradiction."""
        return tuple(one for one in self.told if one.finding.clean)

    @property
    def faults(self) -> Finding | None:
        """All findings together, where one of them is a fault."""
        return None if len(self.good) == len(self.told) else all_together([one.finding for one in self.told])

    @property
    def worst(self) -> str:
        """Why a reply that could be read is not kept as it is."""
        contradicted = any(one.finding.num_contradicted for one in self.told)
        return CONTRADICTION if contradicted else LEAK

    def used(self, quality: str) -> tuple[Told, ...]:
        """The conversations that become samples: all of them where faults are only reported."""
        return self.told if quality == "report" else self.good

    def to_json(self) -> str:
        """One line for the ledger."""
        conversations = [
            {"turns": [[turn.role, turn.text] for turn in one.turns], "finding": to_json(one.finding)}
            for one in self.told
        ]
        content = {"reason": self.reason, "left_out": self.left_out, "conversations": conversations}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Reading":
        """The reading that ``to_json`` wrote."""
        content: dict[str, Any] = parse_json(text, what="ledger", where="reading")
        told = [
            Told(
                turns=tuple(Turn(role=role, text=words) for role, words in one["turns"]),
                finding=from_json(one["finding"]),
            )
            for one in content["conversations"]
        ]
        return cls(told=tuple(told), reason=content["reason"], left_out=content["left_out"])


def read_reply(
    text: str,
    kind: str,
    *,
    scene: Scene,
    facts: tuple[Fact, ...],
    finish: str,
    conv_form: str,
    instruction: str | None,
) -> Reading:
    """Parse a reply and check every sentence of it; arguments as of ``reply.parse_reply``."""
    try:
        parsed = parse_reply(text, kind, finish=finish, conv_form=conv_form, instruction=instruction)
    except ReplyError as error:
        return Reading(reason=str(error))
    told = [Told(turns=turns, finding=check_conversation(turns, scene, facts)) for turns in parsed.conversations]
    return Reading(told=tuple(told), left_out=dict(parsed.left_out))


DECIDES = ("pose", "teacher/reply", "teacher/checks", "records.py", "errors.py", "plain_json.py")
"""Files and folders below the package, subfolders included, that decide what a reply is read as."""


def deciding_files(root: Path) -> list[str]:
    """The source files that decide a reading, relative to the package's folder ``root``, sorted."""
    found = [path for name in DECIDES for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*"))]
    return sorted(path.relative_to(root).as_posix() for path in found if path.suffix == ".py")


def version_of(root: Path) -> str:
    """Changes with any file below ``root`` that decides what a reply is read as: parser, checks, poses, claims."""
    digest = hashlib.sha256()
    for name in deciding_files(root):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return digest.hexdigest()[:12]


@cache
def reading_version() -> str:
    """The version of this package."""
    return version_of(Path(str(files("llavapose"))))

"""The whole way from annotated pictures to samples by an endpoint: asking, and the files that it leaves.

``samples.jsonl``; ``set_aside.jsonl``, what no reply could be kept for; ``repairs.jsonl``, what a repaired reply said
before; ``summary.json``, where every request is counted once.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from llavapose.config.teaching import TeacherConfig, not_of_scenes
from llavapose.errors import ConfigError, DataError
from llavapose.files import write_json, write_jsonl
from llavapose.llm.ask import Door
from llavapose.llm.ledger.ledger import Ledger
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.context import FALSE_ON_PURPOSE
from llavapose.teacher.dataset.card import Checked, checked_of
from llavapose.teacher.endpoint.rounds import Assignment, Standings, ask_until_enough
from llavapose.teacher.endpoint.rows import (
    Report,
    first_findings,
    prompts_of,
    repair_rows,
    samples_of,
    set_aside_rows,
    within,
)
from llavapose.teacher.endpoint.summary import EndpointSummary
from llavapose.teacher.examples import read_examples
from llavapose.teacher.order import wanted_samples


def assignment_of(scenes: SceneSet, teacher: TeacherConfig) -> Assignment:
    """What is to be asked about which scenes.

    Raises:
        ConfigError: something was set about clips, and the scenes are pictures, or the other way round.
        DataError: no scene shows a person, or a file of examples that is none.
    """
    chosen = {scene.id: scene for scene in scenes.scenes if scene.people}
    if not chosen:
        raise DataError(f"no scene of {scenes.images} shows a person; nothing to ask about")
    if unfit := not_of_scenes(teacher, over_time=any(scene.frames for scene in chosen.values())):
        raise ConfigError(unfit[0])
    return Assignment(
        scenes=chosen,
        teacher=teacher,
        wanted=wanted_samples(len(chosen), teacher.num_samples),
        examples=read_examples(teacher.examples),
    )


def write_by_endpoint(assignment: Assignment, door: Door, out: Path) -> EndpointSummary:
    """Ask until the samples are there, and write them with all that was rejected or repaired.

    Args:
        assignment: what to ask.
        door: where to ask; its ledger keeps the replies.
        out: folder of the files.

    Raises:
        ConfigError: paid replies would go unused (``teacher.leave_replies``), or the key's variable is not set.
    """
    start, ledger = time.monotonic(), door.ledger
    _check_unused(assignment, ledger)
    asked = ask_until_enough(assignment, door)
    used = {kind: within(assignment.wanted[kind], standings) for kind, standings in asked.standings.items()}
    report = Report()
    path = out / "samples.jsonl"
    num_samples = write_samples(path, samples_of(assignment, ledger, used, report)) if any(used.values()) else 0
    standings = [one for of_kind in asked.standings.values() for one in of_kind]
    num_aside = write_jsonl(out / "set_aside.jsonl", set_aside_rows(assignment, ledger, standings))
    num_repaired = write_jsonl(out / "repairs.jsonl", repair_rows(assignment, ledger, standings))
    before = checked_of(first_findings(ledger, standings))
    summary = EndpointSummary(
        path=str(path) if num_samples else "none yet",
        counts={kind: report.samples[kind] for kind in assignment.wanted},
        wanted=dict(assignment.wanted),
        requests={kind: dict(counts) for kind, counts in asked.counts().items()},
        num_scenes=len(report.scenes),
        num_set_aside=num_aside,
        before=before,
        after=Checked(**report.checked),
        left_out=dict(report.left_out),
        models=dict(report.models),
        prompts=prompts_of(assignment),
        num_replies=ledger.num_replies(),
        prompt_tokens=ledger.num_tokens()[0],
        completion_tokens=ledger.num_tokens()[1],
        usd=ledger.spent_usd(),
        state=asked.state,
        stopped=asked.stopped,
        goes_on_with=asked.goes_on_with,
        notes=(*_notes(asked, out, num_repaired, num_aside), *([FALSE_ON_PURPOSE] if assignment.others else [])),
        seconds=round(time.monotonic() - start, 2),
    )
    write_json(out / "summary.json", asdict(summary))
    return summary


def _notes(asked: Standings, out: Path, num_repaired: int, num_aside: int) -> Iterator[str]:
    if asked.goes_on_with:
        yield from (fault.line() for fault in asked.watch.faults())
    if num_repaired:
        yield f"{num_repaired:,} replies were asked again and kept: {out / 'repairs.jsonl'} has both"
    if num_aside:
        yield f"set aside: {out / 'set_aside.jsonl'}"
    yield from (f"{kind}: the pictures are used up; add scenes" for kind in asked.exhausted)
    yield from (f"this run: {tally.summary()}" for tally in asked.tallies if tally.asked)


def _check_unused(assignment: Assignment, ledger: Ledger) -> None:
    """Paid replies of the same kinds that were made with another prompt, context, model or parameter."""
    unused = {
        tag: number for tag, number in ledger.tags().items()
        if tag.partition(":")[0] in assignment.tags and tag not in assignment.tags.values()
    }  # fmt: skip
    if unused and not assignment.teacher.leave_replies:
        raise ConfigError(
            f"ledger {ledger.path}: {sum(unused.values()):,} paid replies ({', '.join(sorted(unused))}) were made by "
            "another prompt, context, model or parameter and would not be used; go back to those settings, start anew "
            "with teacher.run=NAME, or go on without them with teacher.leave_replies=true"
        )

"""Makes the samples that a run asks for where they are not there yet, and finds them where they are."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import SceneSource
from llavapose.config.schema import ScenesConfig, TeacherConfig
from llavapose.config.values import Cap
from llavapose.errors import ConfigError, DataError, LlavaPoseError
from llavapose.files import fingerprint
from llavapose.llm.ask import ledger_path, open_door
from llavapose.llm.counts import State
from llavapose.owner import Place, held, stranger
from llavapose.samples import MADE, find_made, sign_made
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes, plain_values, scenes_settings
from llavapose.scenes.select import select
from llavapose.teacher.examples import examples_hash, read_examples
from llavapose.teacher.offline.write import generate
from llavapose.teacher.prompts import PROMPT_VERSION
from llavapose.teacher.prompts.motion import MOTION_PROMPT_VERSION

OWNER = "teacher.endpoint"
"""What errors call the endpoint's settings."""


class StoppedEarly(LlavaPoseError):
    """An endpoint's run that ended before its samples were there; what was paid for is kept.

    Attributes:
        state: how the asking ended: money used up, batches under way, ...
    """

    def __init__(self, message: str, *, state: State, goes_on_with: str | None = None) -> None:
        super().__init__(message)
        self.state = state
        self.goes_on_with = goes_on_with


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Samples to train on: the file, the folder of their pictures, and the folder that holds all about them."""

    samples: Path
    images: Path
    folder: Path


def ensure_samples(
    scenes: ScenesConfig,
    teacher: TeacherConfig,
    data_dir: Path,
    *,
    folder: Path | None = None,
    split: str = "train",
    opened: SceneSet | None = None,
    max_usd: Cap = None,
    waits: bool = False,
) -> Prepared:
    """The samples of these settings; made, and said so, where they are missing or were made by other settings.

    Args:
        scenes: annotated pictures; the built-in world is drawn if it is not there.
        teacher: who writes.
        data_dir: folder of made samples, each set in a folder named by the fingerprint of its settings.
        folder: where to keep the samples instead.
        split: of the scenes, "train" or "val".
        opened: the scenes, where the caller has read them already.
        max_usd: hard cap on what an endpoint may cost, the ledger's earlier replies included; "none": no
            cap; None only for an endpoint without a price.
        waits: whether to wait for another run that makes the same samples, instead of being refused.

    Raises:
        ConfigError: another run writes there, ``folder`` holds the samples of other settings, or an endpoint has a
            price and nobody said how much may be spent.
        DataError: a scene file that is missing or broken, or scenes that nothing can be told about.
        StoppedEarly: an endpoint's assignment that did not come to its end; the same settings go on.
    """
    made_from = _settings(scenes, teacher, split)
    place = Place(folder=folder or data_dir / fingerprint(made_from), results=("samples.jsonl",))
    # Whoever only reads them needs no lock, nor a folder that can be written.
    if waits and (found := _made_before(place.folder, made_from)):
        return found
    if folder is not None and (reason := stranger(place, made_from)):
        raise ConfigError(f"output_dir: {reason}; give this run another output_dir, or remove that folder")
    # Samples that several trainings share are made by the first of them; generate.py has more to write beside them.
    with held(place, made_from, waits=waits):
        return _made_before(place.folder, made_from) or _make(
            scenes, teacher, data_dir, place.folder, made_from, split=split, opened=opened, max_usd=max_usd
        )


def find_samples(scenes: ScenesConfig, teacher: TeacherConfig, data_dir: Path) -> Prepared | None:
    """The training samples of these settings, where they have been made; makes nothing."""
    made_from = _settings(scenes, teacher, "train")
    return _made_before(data_dir / fingerprint(made_from), made_from)


def _made_before(folder: Path, made_from: dict[str, Any]) -> Prepared | None:
    """The samples in a folder, where they are whole and of these settings."""
    found = find_made(folder, made_from)
    if found is None:
        return None
    print(f"samples: {found[0]} (made before, settings unchanged)", flush=True)
    return Prepared(samples=found[0], images=found[1], folder=folder)


def _make(
    scenes: ScenesConfig,
    teacher: TeacherConfig,
    data_dir: Path,
    folder: Path,
    made_from: dict[str, Any],
    *,
    split: str,
    opened: SceneSet | None,
    max_usd: Cap,
) -> Prepared:
    """Write the samples, and behind them the card that says what they were made from."""
    if teacher.endpoint is not None and (missing := teacher.endpoint.uncapped("", max_usd)):
        raise ConfigError("\n".join(missing))
    print(f"samples: none for these settings yet, teacher {teacher.name} writes them to {folder}", flush=True)
    chosen = opened or open_scenes(scenes, split, pictures=teacher.endpoint is None)
    if split != "train":  # of the training pictures, those that qualify have been chosen already
        with_people = select(chosen.scenes)
        chosen = replace(chosen, scenes=with_people.scenes, notes=(*chosen.notes, *with_people.notes))
    for note in chosen.notes:
        print(f"scenes: {note}", flush=True)
    if teacher.endpoint is None:
        _write_offline(chosen, teacher, folder)
    else:
        (folder / MADE).unlink(missing_ok=True)
        _write_by_endpoint(chosen, teacher, folder, _ledger_path(scenes, teacher, data_dir), max_usd)
    sign_made(folder, made_from, chosen.images)
    return Prepared(samples=folder / "samples.jsonl", images=chosen.images, folder=folder)


def _ledger_path(scenes: ScenesConfig, teacher: TeacherConfig, data_dir: Path) -> Path:
    """The ledger of an endpoint's replies: one a run, whatever is asked for in the end."""
    return ledger_path(data_dir, "teacher", teacher.run or f"{scenes.name}-{teacher.name}")


def print_plan(scenes: ScenesConfig, teacher: TeacherConfig, data_dir: Path, opened: SceneSet) -> None:
    """Say what these settings would ask and cost; needs no key and no network, and changes nothing."""
    for note in opened.notes:
        print(f"scenes: {note}")
    if teacher.endpoint is None:
        print(
            f"teacher {teacher.name} writes here and costs nothing; nothing to plan for {len(opened.scenes):,} pictures"
        )
        return
    from llavapose.teacher.endpoint.plan import plan_of
    from llavapose.teacher.endpoint.write import assignment_of

    assignment, path = assignment_of(opened, teacher), _ledger_path(scenes, teacher, data_dir)
    if not path.exists():
        print("\n".join(plan_of(assignment, None).lines()))
        return
    with open_door(teacher.endpoint, owner=OWNER, ledger=path) as door:
        print("\n".join(plan_of(assignment, door.ledger).lines()))


def _write_offline(chosen: SceneSet, teacher: TeacherConfig, folder: Path) -> None:
    summary = generate(scenes=chosen, teacher=teacher, out=folder)
    print("\n".join(summary.lines()), flush=True)


def _write_by_endpoint(chosen: SceneSet, teacher: TeacherConfig, folder: Path, ledger_file: Path, max_usd: Cap) -> None:
    from llavapose.teacher.endpoint.plan import plan_of
    from llavapose.teacher.endpoint.write import assignment_of, write_by_endpoint

    assert teacher.endpoint is not None
    assignment = assignment_of(chosen, teacher)
    with open_door(
        teacher.endpoint, owner=OWNER, ledger=ledger_file, mode=teacher.mode, max_usd=max_usd, wait=teacher.wait,
        retry_failed=teacher.retry_failed,
    ) as door:  # fmt: skip
        print("\n".join(plan_of(assignment, door.ledger).lines()), flush=True)
        summary = write_by_endpoint(assignment, door, folder)
    print("\n".join(summary.lines()), flush=True)
    made, wanted = sum(summary.counts.values()), sum(summary.wanted.values())
    if summary.state != State.done:
        more = f"with {summary.goes_on_with} " if summary.goes_on_with else ""
        raise StoppedEarly(
            f"stopped: {summary.stopped}; {made:,} of {wanted:,} samples are there, every reply is kept in "
            f"{ledger_file}; the same command {more}goes on",
            state=summary.state,
            goes_on_with=summary.goes_on_with,
        )
    if not made:
        raise DataError(f"no reply could be kept; see {folder / 'set_aside.jsonl'} for every reply and the reason")


def _settings(scenes: ScenesConfig, teacher: TeacherConfig, split: str) -> dict[str, Any]:
    """All that decides what the samples say, as plain values."""
    found = {**scenes_settings(scenes, split), "teacher": _deciding(teacher), "prompts": PROMPT_VERSION}
    over_time = scenes.source in (SceneSource.motion, SceneSource.tracks)
    return {**found, "motion_prompts": MOTION_PROMPT_VERSION} if over_time else found


def _deciding(teacher: TeacherConfig) -> dict[str, Any]:
    """The teacher's settings that decide what samples say; how fast and by which way they are asked for does not."""
    plain = plain_values(asdict(teacher))
    for key in ("mode", "wait", "run", "leave_replies", "retry_failed", "min_accepted", "max_requests"):
        plain.pop(key)
    # Left out where they are not set: sets made before there were such settings keep their folders.
    if plain.pop("examples") is not None:
        shown = read_examples(teacher.examples)
        plain["examples"] = {kind: examples_hash(of_kind) for kind, of_kind in shown.items()}
    for key in ("motion_share", "frames"):
        if plain[key] == getattr(TeacherConfig(), key):
            plain.pop(key)
    if plain["sees"] is None:
        plain.pop("sees")
    if plain["caption_turns"]:
        plain.pop("caption_turns")
    endpoint = plain.pop("endpoint")
    if endpoint is None:
        for key in ("quality", "max_asks"):
            plain.pop(key)
        return plain
    said = ("base_url", "model", "max_tokens", "temperature")
    return {**plain, "endpoint": {key: endpoint[key] for key in said}}

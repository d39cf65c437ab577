"""The whole way from annotated pictures to samples by an endpoint: ledger, cap, asking, and the files that it leaves.

``samples.jsonl``; ``set_aside.jsonl``, what no reply could be kept for, with every reply and the reason;
``repairs.jsonl``, what a repaired reply said before; ``summary.json``. One line of ``set_aside.jsonl``::

    {"slot": "134754-detail-0", "image": "COCO_train2014_000000134754.jpg", "kind": "detail",
     "asks": [{"reason": "refusal", "reply": "I'm sorry, ..."}]}
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llavapose.config.teaching import EndpointConfig, TeacherConfig
from llavapose.errors import ConfigError, DataError
from llavapose.files import write_json, write_jsonl
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatModel, ChatRequest
from llavapose.llm.counts import Tally
from llavapose.llm.ledger import Ledger
from llavapose.records import KINDS, Sample, Scene
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.asking import Ask, Job, Standing, ask_until_enough
from llavapose.teacher.card import Checked, checked_of
from llavapose.teacher.generate import NUM_PER_SCENE, RATIO, shared_out
from llavapose.teacher.prompts import PROMPT_VERSION, prompt_hash
from llavapose.teacher.quality import Finding
from llavapose.teacher.readings import Reading, reading_version


@dataclass(frozen=True, kw_only=True)
class EndpointSummary:
    """What a job came to.

    Attributes:
        path: the file of samples.
        counts, wanted: samples by kind, made and asked for.
        requests: kind -> how every request ended: "kept", "rejected: ...", "failed: ...", "open".
        num_scenes: pictures with at least one sample.
        num_set_aside: slots that no reply could be kept for.
        before: what was found in the replies to first requests, before anything was rejected or repaired.
        after: what was found in the samples.
        left_out: reason -> pairs of kept replies that could not be used.
        models: the served models' own names -> replies.
        prompts: "kind, context" -> SHA-256 of the prompt.
        num_replies, prompt_tokens, completion_tokens: of the whole ledger.
        usd: what the ledger has cost so far, doubtful money included.
        stopped: what ended the job early; None where it is done.
        notes: one line each.
        seconds: wall time of this run.
    """

    path: str
    counts: dict[str, int]
    wanted: dict[str, int]
    requests: dict[str, dict[str, int]]
    num_scenes: int
    num_set_aside: int
    before: Checked
    after: Checked
    left_out: dict[str, int]
    models: dict[str, int]
    prompts: dict[str, str]
    num_replies: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    stopped: str | None
    notes: tuple[str, ...]
    seconds: float

    def lines(self) -> list[str]:
        """The summary as lines to print."""
        made = ", ".join(f"{self.counts[kind]:,} of {number:,} {kind}" for kind, number in self.wanted.items())
        ends = [
            f"requests, {kind}: " + ", ".join(f"{number:,} {end}" for end, number in sorted(of_kind.items()))
            for kind, of_kind in self.requests.items()
        ]
        left_out = ", ".join(f"{number:,} {reason}" for reason, number in sorted(self.left_out.items()))
        return [
            f"{sum(self.counts.values()):,} samples of {self.num_scenes:,} pictures in {self.seconds:.1f} s: {made}",
            *ends,
            f"first replies: {_told(self.before)}",
            f"samples: {_told(self.after)}",
            *([f"pairs left out of replies that were kept: {left_out}"] if left_out else []),
            f"{self.num_set_aside:,} requests set aside; ${self.usd:,.2f} so far; "
            f"models: {', '.join(self.models) or 'none answered'}",
            *self.notes,
            f"samples: {self.path}",
        ]


def _told(checked: Checked) -> str:
    faults = f"{checked.with_leak:,} with a leak, {checked.with_contradiction:,} with a contradiction"
    claims = f"{checked.supported:,} supported, {checked.contradicted:,} contradicted"
    whole = f"{checked.conversations:,} conversations, {faults}; pose claims: {claims}"
    return f"{whole}, {checked.unverifiable:,} unverifiable"


def job_of(scenes: SceneSet, teacher: TeacherConfig, *, excluded_ids: Collection[int] = ()) -> Job:
    """What is to be asked about which scenes.

    Raises:
        DataError: no scene shows a person.
    """
    chosen = {scene.id: scene for scene in scenes.scenes if scene.people and scene.id not in excluded_ids}
    if not chosen:
        raise DataError(f"no scene of {scenes.images} shows a person; nothing to ask about")
    total = round(NUM_PER_SCENE * len(chosen)) if teacher.num_samples is None else teacher.num_samples
    return Job(scenes=chosen, teacher=teacher, wanted=shared_out(total, {kind: RATIO[kind] for kind in KINDS}))


def write_by_endpoint(
    job: Job, ledger: Ledger, out: Path, *, max_usd: float | None = None, ask: Ask | None = None, progress: bool = True
) -> EndpointSummary:
    """Ask until the samples are there, and write them with all that was rejected or repaired.

    Args:
        job: what to ask.
        ledger: where replies are kept.
        out: folder of the files.
        max_usd: hard cap on the ledger's money.
        ask: gets replies into the ledger; None asks the job's endpoint.
        progress: whether to show live lines.

    Raises:
        ConfigError: paid replies would go unused (``teacher.leave_replies``), or the key's variable is not set.
    """
    start = time.monotonic()
    _check_unused(job, ledger)
    asked = ask_until_enough(job, ledger, ask or endpoint_ask(job, ledger, max_usd, progress), progress=progress)
    used = {kind: _within(job.wanted[kind], standings) for kind, standings in asked.standings.items()}
    notes, report = [], _Report()
    path = out / "samples.jsonl"
    num_samples = write_samples(path, _samples(job, ledger, used, report)) if any(used.values()) else 0
    standings = [one for of_kind in asked.standings.values() for one in of_kind]
    num_aside = write_jsonl(out / "set_aside.jsonl", _set_aside(job, ledger, standings))
    num_repaired = write_jsonl(out / "repairs.jsonl", _repairs(job, ledger, standings))
    before = checked_of(_first_findings(ledger, standings))
    if num_repaired:
        notes.append(f"{num_repaired:,} replies were asked again and kept: {out / 'repairs.jsonl'} has both")
    if num_aside:
        notes.append(f"set aside: {out / 'set_aside.jsonl'}")
    notes += [f"{kind}: the pictures are used up; add scenes" for kind in asked.exhausted]
    notes += [f"this run: {tally.summary()}" for tally in asked.tallies if tally.asked]
    summary = EndpointSummary(
        path=str(path) if num_samples else "none yet",
        counts={kind: report.samples[kind] for kind in job.wanted},
        wanted=dict(job.wanted),
        requests={kind: dict(counts) for kind, counts in asked.counts().items()},
        num_scenes=len(report.scenes),
        num_set_aside=num_aside,
        before=before,
        after=Checked(**report.checked),
        left_out=dict(report.left_out),
        models=dict(report.models),
        prompts=_prompts(job),
        num_replies=ledger.num_replies(),
        prompt_tokens=ledger.num_tokens()[0],
        completion_tokens=ledger.num_tokens()[1],
        usd=ledger.spent_usd(),
        stopped=asked.stopped,
        notes=tuple(notes),
        seconds=round(time.monotonic() - start, 2),
    )
    write_json(out / "summary.json", asdict(summary))
    return summary


def endpoint_ask(job: Job, ledger: Ledger, max_usd: float | None, progress: bool) -> Ask:
    """Asks the job's endpoint, live or by batches, within the cap."""
    endpoint = job.teacher.endpoint
    assert endpoint is not None

    def ask(requests: Iterable[ChatRequest], total: int) -> Tally:
        budget = Budget(
            max_usd=max_usd,
            price_in=endpoint.price_in,
            price_out=endpoint.price_out,
            spent_usd=ledger.spent_usd(),
        )
        if job.teacher.mode == "batch":
            from llavapose.llm.batch import ask_by_batch

            return ask_by_batch(
                requests, endpoint=endpoint, ledger=ledger, budget=budget, wait=job.teacher.wait,
                progress=progress, total=total, retry_failed=job.teacher.retry_failed,
            )  # fmt: skip
        from llavapose.llm.batch_book import under_way
        from llavapose.llm.engine import ask_all

        if waiting := under_way(ledger):
            raise ConfigError(
                f"teacher.mode=live: {len(waiting):,} requests of this run lie in batches and would be paid twice; "
                "collect them with teacher.mode=batch first"
            )

        return ask_all(
            requests, model=lambda: _opened(endpoint), ledger=ledger, budget=budget, limits=endpoint,
            progress=progress, total=total, retry_failed=job.teacher.retry_failed,
        )  # fmt: skip

    return ask


def _opened(endpoint: EndpointConfig) -> ChatModel:
    from llavapose.llm.openai import open_endpoint

    return open_endpoint(endpoint)


def _check_unused(job: Job, ledger: Ledger) -> None:
    """Paid replies of the same kinds that were made with another prompt, context, model or parameter."""
    unused = {
        tag: number for tag, number in ledger.tags().items()
        if tag.partition(":")[0] in job.tags and tag not in job.tags.values()
    }  # fmt: skip
    if unused and not job.teacher.leave_replies:
        raise ConfigError(
            f"ledger {ledger.path}: {sum(unused.values()):,} paid replies ({', '.join(sorted(unused))}) were made by "
            "another prompt, context, model or parameter and would not be used; go back to those settings, start anew "
            "with teacher.run=NAME, or go on without them with teacher.leave_replies=true"
        )


class _Report:
    """Numbers that are counted while the samples pass."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.scenes: set[int] = set()


def _within(wanted: int, standings: Sequence[Standing]) -> list[tuple[Standing, int]]:
    """The kept slots in order, each with the number of its conversations that still fit into the target."""
    found, left = [], wanted
    for standing in standings:
        num = min(standing.num, left) if standing.state == "kept" else 0
        if num:
            found.append((standing, num))
            left -= num
    return found


def _samples(
    job: Job, ledger: Ledger, used: Mapping[str, Sequence[tuple[Standing, int]]], report: _Report
) -> Iterator[Sample]:
    """The samples grouped by picture, in the order of the scenes, read from the ledger picture by picture."""
    by_scene: dict[int, list[tuple[Standing, int]]] = {}
    for slots in used.values():
        for standing, num in slots:
            by_scene.setdefault(standing.slot.scene_id, []).append((standing, num))
    for scene_id, scene in job.scenes.items():
        numbers: Counter[str] = Counter()
        of_scene = by_scene.get(scene_id, ())
        readings = _readings(ledger, [standing.key or "" for standing, _ in of_scene])
        for standing, num in of_scene:
            assert standing.key is not None
            reply = ledger.reply(standing.key)
            model = reply.completion.model if reply else ""
            report.models[model] += 1
            report.left_out.update(readings[standing.key].left_out)
            for told in readings[standing.key].used(job.teacher.quality.value)[:num]:
                kind = standing.slot.kind
                found = asdict(checked_of([told.finding]))
                report.checked.update(found)
                claims = {name: found[name] for name in ("supported", "contradicted", "unverifiable")}
                report.samples[kind] += 1
                report.scenes.add(scene_id)
                yield Sample(
                    id=f"{scene_id}-{kind}-{numbers[kind]}",
                    image=scene.image,
                    kind=kind,
                    turns=told.turns,
                    provenance=_provenance(job, scene, standing, model) | claims,
                )
                numbers[kind] += 1


def _provenance(job: Job, scene: Scene, standing: Standing, model: str) -> dict[str, Any]:
    kind = standing.slot.kind
    context = getattr(job.teacher.context, kind).value
    return {
        "scene": scene.id,
        "split": scene.split,
        "kind": kind,
        "teacher": job.teacher.name,
        "model": model,
        "context": context,
        "prompt": PROMPT_VERSION,
        "prompt_sha256": prompt_hash(kind, context),
        "seed": job.teacher.seed,
        "request": standing.key,
        "asks": len(standing.keys),
    }


def _readings(ledger: Ledger, keys: Sequence[str]) -> dict[str, Reading]:
    return {key: Reading.from_json(text) for key, text in ledger.outcome(keys, reading_version()).items()}


def _asks(ledger: Ledger, standing: Standing) -> list[dict[str, Any]]:
    """Every reply of a slot with the reason why it was rejected."""
    replies = dict(ledger.replies(standing.keys))
    reasons = [*standing.reasons, *[None] * len(standing.keys)]
    return [
        {
            "reason": reason or (standing.failure if key not in replies else None),
            "reply": replies[key].completion.text if key in replies else None,
        }
        for key, reason in zip(standing.keys, reasons, strict=False)
    ]


def _row(job: Job, ledger: Ledger, standing: Standing) -> dict[str, Any]:
    slot = standing.slot
    image = job.scenes[slot.scene_id].image
    return {"slot": slot.name, "image": image, "kind": slot.kind, "asks": _asks(ledger, standing)}


def _set_aside(job: Job, ledger: Ledger, standings: Iterable[Standing]) -> Iterator[dict[str, Any]]:
    return (_row(job, ledger, one) for one in standings if one.state in ("aside", "failed"))


def _repairs(job: Job, ledger: Ledger, standings: Iterable[Standing]) -> Iterator[dict[str, Any]]:
    """Before and after of every slot that was kept after being asked again."""
    return (_row(job, ledger, one) for one in standings if one.state == "kept" and len(one.keys) > 1)


def _first_findings(ledger: Ledger, standings: Sequence[Standing]) -> Iterator[Finding]:
    """What was found in the replies to first requests."""
    for start in range(0, len(standings), 1000):
        keys = [one.keys[0] for one in standings[start : start + 1000] if one.keys]
        for reading in _readings(ledger, keys).values():
            yield from (told.finding for told in reading.told)


def _prompts(job: Job) -> dict[str, str]:
    contexts = {kind: getattr(job.teacher.context, kind).value for kind in job.wanted}
    return {f"{kind}, {context}": prompt_hash(kind, context) for kind, context in contexts.items()}

"""Settings -> the cards of a judge: asked, measured, written beside the results; or what that would cost."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llavapose.config.evaluating import EvaluateConfig
from llavapose.errors import DataError
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.evaluate import arm_of
from llavapose.evaluation.judges.card.asking import (
    NUM_REPEATS,
    Shown,
    cases_of,
    rated,
    repeated_cases,
    shown_pictures,
)
from llavapose.evaluation.judges.card.card import card_file, write_card
from llavapose.evaluation.judges.card.measures import inconsistency, measured
from llavapose.evaluation.judges.card.peers import agreement_with_peers
from llavapose.evaluation.judges.card.planted import NUM_CLAIMS
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.plan import PlanRow, row_of
from llavapose.files import write_jsonl

log = logging.getLogger(__name__)


def make_cards(config: EvaluateConfig) -> list[Path]:
    """Measure each judge that the settings name (two with ``judge.context=texts``); returns the cards' files.

    Raises:
        ConfigError: no model judges.
        DataError: no picture that answers can be planted about.
        LlavaPoseError: asking was stopped, or too many ratings are missing.
    """
    arm, repeated = arm_of(_once(config)), _repeated(config)
    judges, again = _models(arm), _models(arm_of(repeated))
    shown = shown_pictures(arm.benchmark, _seed(config))
    if left := len({one.scene_id for one in arm.benchmark.questions}) - len(shown):
        log.info("judge_card: %d of %d pictures have fewer than %d facts that can be flipped; left out",
                 left, left + len(shown), NUM_CLAIMS)  # fmt: skip
    return [
        _made(arm, judge, more, shown, repeated.judge.repeats or NUM_REPEATS)
        for judge, more in zip(judges, again, strict=True)
    ]


def planned_cards(config: EvaluateConfig) -> list[PlanRow]:
    """What the cards would ask and cost: a row a judge; nobody is asked."""
    arm, again = arm_of(_once(config)), _models(arm_of(_repeated(config)))
    shown, planned = shown_pictures(arm.benchmark, _seed(config), planned=True), set[str]()
    rows = []
    for judge, more in zip(_models(arm), again, strict=True):
        paired = judge.anchor is not None
        asked = ((more, repeated_cases(shown, paired=paired)), (judge, cases_of(shown, paired=paired)))
        rows.append(row_of(judge, asked, planned))
    return rows


def _once(config: EvaluateConfig) -> EvaluateConfig:
    return replace(config, judge=replace(config.judge, repeats=1))


def _repeated(config: EvaluateConfig) -> EvaluateConfig:
    return replace(config, judge=replace(config.judge, repeats=max(NUM_REPEATS, config.judge.repeats or 1)))


def _seed(config: EvaluateConfig) -> int:
    return config.benchmark.seed or 0


def _models(arm: Arm) -> list[LlmJudge]:
    found = [judge for judge in arm.judges if isinstance(judge, LlmJudge)]
    if not found and any(True for _ in arm.judges):
        raise DataError("judge_card: no model is left to ask, as these pictures have no keypoints; choose a benchmark "
                        "of pictures with keypoints")  # fmt: skip
    return found


def _made(arm: Arm, judge: LlmJudge, again: LlmJudge, shown: Sequence[Shown], repeats: int) -> Path:
    rows = rated(judge, again, shown)
    measures = measured(rows)
    benchmark, room = arm.benchmark, card_file(arm.out, judge.name).parent
    card: dict[str, Any] = {
        "judge": judge.name,
        "model": judge.endpoint.model,
        "protocol": judge.protocol.value,
        "context": judge.context.value,
        "benchmark": {"name": benchmark.name, "hash": questions_hash(benchmark.questions)},
        "num_pictures": len(shown),
        "num_claims": NUM_CLAIMS,
        "repeats": repeats,
        "num_asked": len(rows),
        "num_unrated": sum(row["rating"] is None for row in rows),
        "inconsistent": inconsistency(measures),
        "measures": measures,
        "agreement": agreement_with_peers(arm.out, judge.name),
        "example": _example(shown[0]),
    }
    write_jsonl(room / "planted.jsonl", [
        {"scene_id": one.scene.id, "question": one.question.text, "variant": variant, "text": text}
        for one in shown for variant, text in one.planted.texts.items()
    ])  # fmt: skip
    write_jsonl(room / "ratings.jsonl", rows)
    return write_card(arm.out, card)


def _example(one: Shown) -> dict[str, Any]:
    return {"scene_id": one.scene.id, "question": one.question.text, "texts": dict(one.planted.texts)}

"""``teacher.sees``: the same questions to the same pictures, answered from less or from another picture's keypoints."""

from collections import Counter
from pathlib import Path

import pytest

from llavapose.config.choices import Context
from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Sample
from llavapose.samples import read_samples, write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from llavapose.teacher.checks.audit import audit
from llavapose.teacher.context import partners, with_keypoints_of
from llavapose.teacher.offline.evidence import BOX_KINDS
from llavapose.teacher.offline.write import generate
from tests.drawn_by_hand import offline

SEES = tuple(Context)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> SceneSet:
    """Sixty drawn pictures."""
    root = ensure_world(tmp_path_factory.mktemp("world"), WorldSettings(num_train=60, num_val=1, image_size=64))
    return read_world(root, "train")


@pytest.fixture(scope="module")
def made(world: SceneSet, tmp_path_factory: pytest.TempPathFactory) -> dict[Context, list[Sample]]:
    out = tmp_path_factory.mktemp("made")
    found = {}
    for sees in SEES:
        summary = generate(scenes=world, teacher=offline(sees=sees, seed=3), out=out / sees.value, progress=False)
        found[sees] = list(read_samples(Path(summary.path), world.images))
    return found


def answers(samples: list[Sample]) -> list[str]:
    return [turn.text for sample in samples for turn in sample.turns if turn.role == "assistant"]


def checked(samples: list[Sample], world: SceneSet, *, of_donor: bool = False) -> Counter[tuple[str, str]]:
    """(kind of claim, outcome) -> how often, against each picture's own facts or those with its donor's keypoints."""
    scenes = {scene.id: scene for scene in world.scenes}
    others = partners(world.scenes, 3)
    found: Counter[tuple[str, str]] = Counter()
    for sample in samples:
        scene = scenes[sample.provenance["scene"]]
        facts = scene_facts(with_keypoints_of(scene, others[scene.id]) if of_donor else scene)
        for turn in sample.turns:
            if turn.role == "assistant":
                found.update((one.claim.kind, one.outcome) for one in check_text(turn.text, scene, facts))
    return found


def test_pictures_kinds_counts_and_questions_are_the_same(made: dict[Context, list[Sample]]) -> None:
    full = made[Context.keypoints]
    for sees in SEES:
        assert [(s.id, s.image, s.kind) for s in made[sees]] == [(s.id, s.image, s.kind) for s in full]
        asked = [[turn.text for turn in s.turns if turn.role == "user"] for s in made[sees]]
        assert asked == [[turn.text for turn in s.turns if turn.role == "user"] for s in full]
        assert all(answers(made[sees]))
        assert {s.provenance["sees"] for s in made[sees]} == {s.provenance["context"] for s in made[sees]} == {sees}
    texts = [tuple(answers(made[sees])) for sees in SEES]
    assert len(set(texts)) == len(SEES)


def test_who_sees_all_writes_what_the_ordinary_teacher_does(
    world: SceneSet, made: dict[Context, list[Sample]], tmp_path: Path
) -> None:
    plain = generate(scenes=world, teacher=offline(seed=3), out=tmp_path, progress=False)
    assert [s.turns for s in read_samples(Path(plain.path), world.images)] == [s.turns for s in made[Context.keypoints]]


@pytest.mark.parametrize("sees", [Context.captions, Context.boxes])
def test_no_pose_is_told_that_was_not_seen(sees: Context, world: SceneSet, made: dict[Context, list[Sample]]) -> None:
    """What the words of captions claim of a pose ("sitting") may stay; nothing that only joints show does."""
    told = {kind for kind, _ in checked(made[sees], world)}
    captions = {
        one.claim.kind
        for scene in world.scenes
        for text in scene.captions
        for one in check_text(text, scene, scene_facts(scene))
    }
    full = {kind for kind, _ in checked(made[Context.keypoints], world)}
    assert told <= captions | (BOX_KINDS if sees == Context.boxes else set())
    assert {"elbow", "knee", "arm_height", "facing"} <= full - told


def test_boxes_tell_where_and_how_many(world: SceneSet, made: dict[Context, list[Sample]]) -> None:
    found = {sees: checked(made[sees], world) for sees in (Context.captions, Context.boxes)}
    assert found[Context.boxes]["place", SUPPORTED] > 5 + found[Context.captions]["place", SUPPORTED]
    assert found[Context.boxes]["count", SUPPORTED] > 5 + found[Context.captions]["count", SUPPORTED]


def test_another_s_keypoints_are_told_of_the_donor_truly_and_of_the_picture_falsely(
    world: SceneSet, made: dict[Context, list[Sample]]
) -> None:
    def share_wrong(counted: Counter[tuple[str, str]]) -> float:
        pose = {key: n for key, n in counted.items() if key[0] not in BOX_KINDS}
        wrong, right = (sum(n for (_, out), n in pose.items() if out == one) for one in (CONTRADICTED, SUPPORTED))
        assert wrong + right > 100
        return wrong / (wrong + right)

    other = made[Context.other_keypoints]
    own, donor = share_wrong(checked(other, world)), share_wrong(checked(other, world, of_donor=True))
    assert donor < 0.05 < 0.3 < own
    assert share_wrong(checked(made[Context.keypoints], world)) < 0.01


def test_as_much_is_said_of_poses_with_another_s_keypoints(world: SceneSet, made: dict[Context, list[Sample]]) -> None:
    def poses(sees: Context) -> int:
        return sum(n for (kind, _), n in checked(made[sees], world).items() if kind not in BOX_KINDS)

    assert 0.75 < poses(Context.other_keypoints) / poses(Context.keypoints) < 1.33


def test_an_audit_flags_another_s_keypoints_and_nothing_else(
    world: SceneSet, made: dict[Context, list[Sample]], tmp_path: Path
) -> None:
    shares = {}
    for sees in SEES:
        path = tmp_path / "made" / f"{sees.value}.jsonl"
        write_samples(path, made[sees])
        report = audit(path, None, world)
        shares[sees] = sum(found.contradicted for found in report.checked.values())
    assert shares[Context.other_keypoints] > 100
    assert max(shares[sees] for sees in SEES[:3]) <= 2


def test_the_same_seed_gives_the_same_bytes(world: SceneSet, tmp_path: Path) -> None:
    few = SceneSet(scenes=world.scenes[:12], images=world.images)
    texts = [
        Path(
            generate(
                scenes=few,
                teacher=offline(sees=Context.other_keypoints, seed=seed),
                out=tmp_path / str(number),
                progress=False,
            ).path
        ).read_bytes()
        for number, seed in enumerate((4, 4, 5))
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("sees", SEES)
def test_a_picture_without_captions_is_answered_too(sees: Context, scene_set: SceneSet, tmp_path: Path) -> None:
    """Hand-drawn scenes, of which some have no caption; asked for more than most can tell."""
    full = generate(scenes=scene_set, teacher=offline(num_samples=90), out=tmp_path / "full", progress=False)
    summary = generate(
        scenes=scene_set, teacher=offline(sees=sees, num_samples=90), out=tmp_path / "out", progress=False
    )
    assert summary.counts == full.counts
    assert all(answers(list(read_samples(Path(summary.path), scene_set.images))))


def test_dialogues_keep_their_questions(scene_set: SceneSet, tmp_path: Path) -> None:
    asked = []
    for sees in SEES:
        teacher = offline(sees=sees, conv_form="dialogue", num_samples=24)
        summary = generate(scenes=scene_set, teacher=teacher, out=tmp_path / sees.value, progress=False)
        samples = read_samples(Path(summary.path), scene_set.images)
        asked.append([turn.text for sample in samples for turn in sample.turns if turn.role == "user"])
    assert asked[0] == asked[1] == asked[2] == asked[3]


def test_it_is_said_that_another_s_keypoints_are_false_on_purpose(scene_set: SceneSet, tmp_path: Path) -> None:
    teacher = offline(sees=Context.other_keypoints, num_samples=24)
    summary = generate(scenes=scene_set, teacher=teacher, out=tmp_path, progress=False)
    assert any("another picture's keypoints" in note and "false of its own" in note for note in summary.notes)

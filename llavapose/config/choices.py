"""The words that a setting may take where only a few are meaningful."""

from enum import StrEnum


class SceneSource(StrEnum):
    """Where scenes come from.

    The built-in world, annotation files in COCO's format, or MPII's; of scenes with frames, the built-in world in
    motion, or files of tracked people.
    """

    world = "world"
    coco = "coco"
    mpii = "mpii"
    motion = "motion"
    tracks = "tracks"

    @property
    def over_time(self) -> bool:
        """Whether its scenes have frames."""
        return self in (SceneSource.motion, SceneSource.tracks)


DRAWN = frozenset({SceneSource.world, SceneSource.motion})
"""Sources that are drawn on first use; files of settings with these names too."""


class Joints(StrEnum):
    """The joints that a data set labels: COCO's 17, CrowdPose's 14, MPII's 16."""

    coco17 = "coco17"
    crowdpose14 = "crowdpose14"
    mpii16 = "mpii16"


class TracksFormat(StrEnum):
    """Whose files of tracked people: PoseTrack18's and 21's, JHMDB's, pyskl's, or any COCO file with `track_id`."""

    posetrack = "posetrack"
    jhmdb = "jhmdb"
    pyskl = "pyskl"
    tracked = "tracked"


class LossMean(StrEnum):
    """What a step's loss is the mean over: tokens, samples, the way between (Molmo's), or micro-batches.

    ``micro_batch`` is the mean of the micro-batches' token means, as LLaVA's trainer has it: a token
    among short answers weighs more than one in a micro-batch of long ones.
    """

    token = "token"
    sqrt = "sqrt"
    sample = "sample"
    micro_batch = "micro_batch"

    @property
    def power(self) -> float:
        """The exponent of a sample's length that its tokens are divided by."""
        return {"sqrt": 0.5, "sample": 1.0}.get(self.value, 0.0)


class Sampler(StrEnum):
    """Which samples share an optimizer step and a micro-batch."""

    shared = "shared"
    """Pictures in random order, the samples of each together."""
    llava = "llava"
    """LLaVA's own: each step's samples dealt by length to even micro-batches."""
    balanced = "balanced"
    """As ``shared``, and all ranks compute alike: several pictures a row, rows of equal length."""


class Packing(StrEnum):
    """How the samples of a micro-batch lie in rows; no token's loss depends on it."""

    pictures = "pictures"
    """One copy of a picture with all its samples behind it."""
    samples = "samples"
    """Ordinary packing: a copy of the picture for every sample, several samples a row, none sees another."""
    none = "none"
    """One sample a row, padded; a step is sorted by length before it is cut up, but by LLaVA's sampler."""


class Context(StrEnum):
    """What a teacher may use: captions; captions and boxes; captions, boxes and keypoints.

    ``other_keypoints`` sends another picture's keypoints in their place: the control for what keypoints add.
    """

    captions = "captions"
    boxes = "boxes"
    keypoints = "keypoints"
    other_keypoints = "other_keypoints"


class LocateView(StrEnum):
    """What a model is shown when it is asked for a joint: a person cut out, or the whole picture."""

    crop = "crop"
    picture = "picture"


class LocateAsking(StrEnum):
    """One question a joint, or one for all of them."""

    each = "each"
    json = "json"


class Coding(StrEnum):
    """How a coordinate is written."""

    decimal = "decimal"
    bins = "bins"
    tokens = "tokens"


class AskMode(StrEnum):
    """How an endpoint is asked: request by request, or by its Batch API."""

    live = "live"
    batch = "batch"


class Quality(StrEnum):
    """What is done about a reply that leaks or contradicts the keypoints."""

    report = "report"
    reject = "reject"
    repair = "repair"


class ExportFormat(StrEnum):
    """Forms of samples that other trainers read."""

    llava = "llava"
    messages = "messages"
    parquet = "parquet"


class ExportTo(StrEnum):
    """Harnesses that the pose probe is written for."""

    lmms_eval = "lmms_eval"


class Selected(StrEnum):
    """Which pictures qualify for instruction data: every one with a person, or with enough labelled joints."""

    person = "person"
    joints = "joints"


class ConvForm(StrEnum):
    """Form of ``conv`` samples: single question-answer pairs (the papers') or one dialogue of several turns."""

    pairs = "pairs"
    dialogue = "dialogue"


class Dtype(StrEnum):
    """Precision of the weights on disk."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class AnswerDtype(StrEnum):
    """Precision of the weights that a checkpoint answers with; ``int8`` and ``int4`` need bitsandbytes and a GPU."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"
    int8 = "int8"
    int4 = "int4"


class Attention(StrEnum):
    """What computes attention over packed batches."""

    sdpa = "sdpa"
    eager = "eager"


class PackedAttention(StrEnum):
    """What keeps the samples of a packed row apart in the language model; the numbers are the same."""

    auto = "auto"
    """The fastest that runs here and passes the self-test."""
    dense = "dense"
    """A mask of every two tokens of a row, for whatever ``model.attention`` names."""
    branches = "branches"
    """Piece by piece: every prefix on itself, every branch on its prefix and itself. Anywhere."""
    flex = "flex"
    """FlexAttention, on GPUs."""
    varlen = "varlen"
    """Two calls of torch's flash kernels, merged; on GPUs, in half precision."""


class VisionType(StrEnum):
    """The vision encoder: the base's own, or a DINOv2 in its place."""

    clip = "clip"
    dinov2 = "dinov2"


class ConnectorType(StrEnum):
    """Shape of the connector between vision encoder and language model; ``keep`` leaves the base's as it is.

    ``multi_branch`` adds small experts beside the MLP, ``pose_attention`` attention between patches before it,
    ``frame_attention`` attention between frames at each patch before it.
    """

    keep = "keep"
    mlp2x_gelu = "mlp2x_gelu"
    linear = "linear"
    multi_branch = "multi_branch"
    pose_attention = "pose_attention"
    frame_attention = "frame_attention"


class Tower(StrEnum):
    """Which stack of layers gets adapters."""

    language = "language"
    vision = "vision"


class AdapterType(StrEnum):
    """What is trained of the language model: all of it, or low-rank adapters; ``qlora`` keeps the base in 4 bits."""

    none = "none"
    lora = "lora"
    qlora = "qlora"


class CardName(StrEnum):
    """GPUs that a plan can be made for without one."""

    a100_80gb = "a100_80gb"
    a100_40gb = "a100_40gb"
    h100 = "h100"
    h200 = "h200"
    l40s = "l40s"
    rtx4090 = "rtx4090"


class LauncherType(StrEnum):
    """Where runs go: processes of this machine, or jobs of Slurm's."""

    local = "local"
    slurm = "slurm"


class Schedule(StrEnum):
    """Learning rate over the run, after a linear warmup."""

    cosine = "cosine"
    constant = "constant"


class Control(StrEnum):
    """How an arm is asked once more, to see what it owes to its pictures, and of frames to their order."""

    shuffled = "shuffled"
    """With the picture of another question, or another clip's frames."""
    no_picture = "no_picture"
    """Without any picture."""
    frames_shuffled = "frames_shuffled"
    """With its own frames in another order."""
    reversed = "reversed"
    """With its own frames from the last to the first."""
    repeated = "repeated"
    """With its middle frame in all places."""

    @property
    def of_frames(self) -> bool:
        """Whether it is asked about frames alone: a picture that stands alone has no order."""
        return self not in (Control.shuffled, Control.no_picture)

    @property
    def told(self) -> str:
        """What readers call it: "frames reversed"."""
        names = {Control.reversed: "frames reversed", Control.repeated: "one frame repeated"}
        return names.get(self, self.value.replace("_", " "))


class Report(StrEnum):
    """What else is made of a folder of results: a page on which people rate its answers."""

    none = "none"
    rate = "rate"


class RateMode(StrEnum):
    """How people rate: one answer from 1 to 10, or which of two is better."""

    scale = "scale"
    pairs = "pairs"


class JudgeProtocol(StrEnum):
    """What a judge sees at once: one answer, or two arms' answers to the same question (the papers' way).

    ``relative`` is a pair whose other answer is the reference, made from the text of the annotations; the score is the
    answer's share of the reference's, as LLaVA's own benchmark counts.
    """

    single = "single"
    pair = "pair"
    relative = "relative"


class JudgeContext(StrEnum):
    """What a judge knows of the picture: text in the papers' form, the picture itself, or both.

    ``texts`` is two judges, one that is told captions and boxes and one that is told keypoints as well: the papers do
    not say which of the two theirs was, and the second may favour answers that speak of joints.
    """

    texts = "texts"
    captions_boxes = "captions_boxes"
    keypoints = "keypoints"
    picture = "picture"
    picture_keypoints = "picture_keypoints"

    @property
    def sees(self) -> bool:
        """Whether the picture is sent."""
        return self in (JudgeContext.picture, JudgeContext.picture_keypoints)

    @property
    def needs_keypoints(self) -> bool:
        """Whether it is another one's double where nobody has keypoints."""
        return self in (JudgeContext.keypoints, JudgeContext.picture_keypoints)


PRECISIONS = (
    "32-true", "bf16-mixed", "bf16-true", "16-mixed", "16-true", "transformer-engine",
    "transformer-engine-float16", "32", "16", "bf16",
)  # fmt: skip
"""What ``lightning.Trainer`` takes as precision, but for 64 bits, for which nothing here is planned."""

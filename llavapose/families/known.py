"""The families that are known by name, and how one is found."""

from llavapose.families.family import Family, Resolution, SeesItself

LLAVA = Family(
    model_types=("llava", "llavapose"),
    own_pictures=True,
    exchangeable=True,
    source="Liu et al., 2024, arXiv:2310.03744",
)
QWEN_VL = Family(
    model_types=("qwen2_vl", "qwen2_5_vl", "qwen3_vl"),
    vision=("model.visual",),
    connector=("model.visual.merger", "model.visual.deepstack_merger_list"),
    grid_positions=True,
    resolution=Resolution.area,
    source="Wang et al., 2024, arXiv:2409.12191; Bai et al., 2025, arXiv:2511.21631",
)
ONEVISION = Family(
    model_types=("llava_onevision",),
    connector=("model.multi_modal_projector", "model.image_newline"),
    unused=("model.vision_tower.post_layernorm",),
    resolution=Resolution.grids,
    source="Li et al., 2024, arXiv:2408.03326",
)
INTERNVL = Family(model_types=("internvl",), resolution=Resolution.tiles, source="Zhu et al., 2025, arXiv:2504.10479")
SMOLVLM = Family(
    model_types=("smolvlm",),
    vision=("model.vision_model",),
    connector=("model.connector",),
    language="model.text_model",
    resolution=Resolution.side,
    sample_rows=True,
    needs=("num2words",),
    source="Marafioti et al., 2025, arXiv:2504.05299",
)
QWEN3_5 = Family(
    model_types=("qwen3_5", "qwen3_5_moe"),
    vision=("model.visual",),
    connector=("model.visual.merger",),
    grid_positions=True,
    resolution=Resolution.area,
    packs=False,
    source="https://qwen.ai/blog?id=qwen3.5",
)
LFM2_VL = Family(
    model_types=("lfm2_vl",),
    unused=("model.vision_tower.head",),
    needs=("torchvision",),
    packs=False,
    source="https://www.liquid.ai/blog/lfm2-vl-efficient-vision-language-models",
)
GEMMA3 = Family(
    model_types=("gemma3",),
    sees_itself=SeesItself.picture,
    type_ids="token_type_ids",
    source="Gemma Team, 2025, arXiv:2503.19786",
)
MISTRAL3 = Family(
    model_types=("mistral3",),
    resolution=Resolution.side,
    needs=("torchvision",),
    source="https://mistral.ai/news/mistral-small-3-1",
)
MOLMO2 = Family(
    model_types=("molmo2",),
    sees_itself=SeesItself.group,
    type_ids="mm_token_type_ids",
    resolution=Resolution.crops,
    patch_token="<im_patch>",
    patch_indices="image_token_pooling",
    needs=("torchvision",),
    source="https://allenai.org/blog/molmo2",
)
JANUS = Family(
    model_types=("janus",),
    vision=("model.vision_model",),
    connector=("model.aligner",),
    unused=("model.vqmodel", "model.generation_embeddings", "model.generation_aligner", "model.generation_head"),
    source="Chen et al., 2025, arXiv:2501.17811",
)

FAMILIES = (LLAVA, QWEN_VL, QWEN3_5, ONEVISION, INTERNVL, SMOLVLM, LFM2_VL, GEMMA3, MISTRAL3, MOLMO2, JANUS)


def family_named(model_type: str) -> Family | None:
    """The family of a configuration's ``model_type``; None: it is not known by name."""
    return next((one for one in FAMILIES if model_type in one.model_types), None)


def expected_types() -> str:
    """For messages: every ``model_type`` that a base may have."""
    packed, alone = (
        ", ".join(
            repr(kind) for one in FAMILIES if one.packs is packs for kind in one.model_types if kind != "llavapose"
        )
        for packs in (True, False)
    )
    return (
        f"{packed}; with data.packing=none also {alone}; or any other image-text model of transformers, whose packing "
        "the self-test decides"
    )

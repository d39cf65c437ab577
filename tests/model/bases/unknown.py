"""Two layers of families that nobody looked at: scaled logits with windows, tiles, rotary grids."""

from __future__ import annotations

import transformers

from tests.model.bases.models import END, IMAGE, MM, START, VIDEO, WINDOW, Base
from tests.model.bases.models import _fixed as fixed
from tests.model.bases.models import _grids as grids
from tests.model.bases.models import _patches as patches
from tests.model.bases.models import _rope as rope_of
from tests.model.bases.models import _text as text_of
from tests.model.bases.models import _vision as vision_of


def _aya_vision():
    text = text_of(sliding_window=WINDOW, layer_types=["sliding_attention", "full_attention"], logit_scale=0.25)
    config = transformers.AyaVisionConfig(
        vision_config=transformers.SiglipVisionConfig(**vision_of(vision_use_head=False)),
        text_config=transformers.Cohere2Config(**text, eos_token_id=2),
        image_token_index=IMAGE,
        downsample_factor=2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return transformers.AyaVisionForConditionalGeneration(config), fixed((1, 2, 1), 4, (3, 28, 28))


def _idefics3():
    config = transformers.Idefics3Config(
        vision_config=vision_of(),
        text_config=transformers.LlamaConfig(**text_of()),
        image_token_id=IMAGE,
        scale_factor=2,
    )
    return transformers.Idefics3ForConditionalGeneration(config), fixed((1, 3, 2), 4, (1, 3, 28, 28))


def _glm4v():
    config = transformers.Glm4vConfig(
        text_config=text_of(**rope_of([1, 1, 2])),
        vision_config=patches(positions=False) | {"image_size": 56},
        image_token_id=IMAGE,
        video_token_id=VIDEO,
        image_start_token_id=START,
        image_end_token_id=END,
    )
    return transformers.Glm4vForConditionalGeneration(config), grids()


UNKNOWN = (
    Base(name="aya_vision", make=_aya_vision, layers=("sliding_attention", "full_attention")),
    Base(name="idefics3", make=_idefics3),
    Base(name="glm4v", make=_glm4v, types=MM),
)
"""Of families that nobody looked at: scaled logits with windows, tiles, and rotary grids."""

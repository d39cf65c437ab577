"""A family of base models: where its parts lie, who sees whom, how positions count."""

from dataclasses import dataclass
from enum import StrEnum

CONNECTOR, VISION, LANGUAGE, UNUSED = "connector", "vision", "language", "unused"


class SeesItself(StrEnum):
    """Which tokens of pictures see later ones."""

    none = "none"
    """None: all tokens are causal."""
    picture = "picture"
    """Those of one picture see each other both ways (Gemma 3)."""
    group = "group"
    """Those of all pictures of a sample see each other both ways (Molmo 2)."""


class Resolution(StrEnum):
    """What decides how large a picture is shown, and so what ``model.max_pixels`` bounds."""

    fixed = "fixed"
    """One size for all: nothing to bound."""
    area = "area"
    """Its own size, within an area in pixels (Qwen's ``size``)."""
    side = "side"
    """Its own shape, within a longest side in pixels."""
    tiles = "tiles"
    """Square tiles of one size, up to ``max_patches`` of them."""
    grids = "grids"
    """The best of ``image_grid_pinpoints``."""
    crops = "crops"
    """Overlapping crops of one size, up to ``max_crops`` of them."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """What differs. Parts are names in the module tree of transformers' ``...ForConditionalGeneration``.

    Attributes:
        model_types: ``model_type`` of the configurations.
        vision: the vision encoder, without what is the connector's.
        connector: what turns its features into embeddings of the language model.
        language: the language model's stack of layers, with ``layers`` in it.
        unused: what no answer passes through: never trained.
        sees_itself: which picture tokens see later ones.
        grid_positions: rotary positions of pictures have time, row and column, int64[3, R, T] (M-RoPE): what stands
            behind a picture begins at its largest position + 1.
        type_ids: the forward's argument that marks picture tokens by 1, where it must be given; "": none.
        own_pictures: pictures are padded to a square and the prefix is the same for all (LLaVA-1.5), in place of the
            processor's own way.
        exchangeable: connector and vision encoder can be exchanged for others, and features kept (LLaVA-1.5).
        resolution: how large the processor shows a picture.
        sample_rows: the processor lays a sample's pictures behind one another in its first row, ``[1, N, ...]``.
        patch_token: what features stand in the place of, where it is not the processor's ``image_token``; "": it is.
        patch_indices: the forward's argument whose numbers count the patches of ``pixel_values``; "": none.
        needs: packages that its processor is built with, beside those of a plain install (the extra ``families``).
        packs: masks keep the samples of a row apart in every layer; linear attention and short convolutions heed none.
        guessed: nobody looked at it: its parts are guessed from the module tree, and all else is left to the model.
        source: the paper or page that the family is described in.
    """

    model_types: tuple[str, ...]
    vision: tuple[str, ...] = ("model.vision_tower",)
    connector: tuple[str, ...] = ("model.multi_modal_projector",)
    language: str = "model.language_model"
    unused: tuple[str, ...] = ()
    sees_itself: SeesItself = SeesItself.none
    grid_positions: bool = False
    type_ids: str = ""
    own_pictures: bool = False
    exchangeable: bool = False
    resolution: Resolution = Resolution.fixed
    sample_rows: bool = False
    patch_token: str = ""
    patch_indices: str = ""
    needs: tuple[str, ...] = ()
    packs: bool = True
    guessed: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        """Its first ``model_type``."""
        return self.model_types[0]

    def part_of(self, name: str) -> str:
        """The part that a parameter belongs to: connector, unused, vision, or else language.

        Args:
            name: in the module tree, with or without what a holder puts in front.
        """
        for part, prefixes in ((CONNECTOR, self.connector), (UNUSED, self.unused), (VISION, self.vision)):
            if any(f".{prefix}." in f".{name}." for prefix in prefixes):
                return part
        return LANGUAGE

"""What the linear layers of a transformer are called: by the language models, and by vision encoders.

A vision encoder may keep queries, keys and values in one matrix, and call all by other names.
"""

IN_VISION = {
    "q_proj": ("q_proj", "query", "qkv"),
    "k_proj": ("k_proj", "key", "qkv"),
    "v_proj": ("v_proj", "value", "qkv"),
    "o_proj": ("o_proj", "out_proj", "proj", "projection_layer"),
    "gate_proj": ("gate_proj",),
    "up_proj": ("up_proj", "fc1", "linear_fc1"),
    "down_proj": ("down_proj", "fc2", "linear_fc2"),
}
"""A layer's name in the language model -> those that vision encoders give it: CLIP and SigLIP, DINOv2, Qwen's,
InternVL's, Pixtral's."""

OTHERS = ("in_proj", "in_proj_qkv", "in_proj_z", "dense", "w1", "w2", "w3", "c_attn", "c_fc", "c_proj")
"""Those of other language models."""

KNOWN = tuple(dict.fromkeys((*IN_VISION, *(name for names in IN_VISION.values() for name in names), *OTHERS)))
"""All names that settings may ask for."""

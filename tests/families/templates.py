"""Chat templates in the form that each family publishes, written anew; the form itself is a fact, with its source.

The sources are the ``chat_template`` of the named checkpoints on the Hugging Face hub, where no other is given.
"""

BODY = (
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}PICTURE{% else %}{{ p['text'] }}{% endif %}{% endfor %}{% endif %}"
)
"""A message's content in its own order."""

CHATML = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n" + BODY + "<|im_end|>\n{% endfor %}"
CHATML += "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
)
QWEN_PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"

CHATML_LLAVA = CHATML.replace("PICTURE", "<image>\n")
"""A LLaVA with another tongue than LLaVA-1.5's: llava-hf/llava-interleave-qwen-0.5b-hf."""

QWEN2_VL = SYSTEM + CHATML.replace("PICTURE", QWEN_PICTURE)
"""Qwen/Qwen2-VL-7B-Instruct and Qwen/Qwen2.5-VL-7B-Instruct: a system sentence where none is given."""

QWEN3_VL = CHATML.replace("PICTURE", QWEN_PICTURE)
"""Qwen/Qwen3-VL-8B-Instruct: no system sentence."""

INTERNVL = CHATML.replace("PICTURE", "<IMG_CONTEXT>\n")
"""OpenGVLab/InternVL3-8B-hf."""

LFM2_VL = "{{ bos_token }}" + CHATML.replace("PICTURE", "<image>")
"""LiquidAI/LFM2-VL-1.6B, without the system message that its card shows."""

MOLMO2 = (
    "{% set n = namespace(at=0, of=0) %}"
    "{% for m in messages if m['content'] is not string %}{% for p in m['content'] if p['type'] == 'image' %}"
    "{% set n.of = n.of + 1 %}{% endfor %}{% endfor %}"
    "{% for m in messages if m['content'] is not string %}{% for p in m['content'] if p['type'] == 'image' %}"
    "{% set n.at = n.at + 1 %}{% if n.of > 1 %}Image {{ n.at }}{% endif %}<|image|>{% endfor %}{% endfor %}"
) + CHATML.replace("PICTURE", "")
"""allenai/Molmo2-8B: pictures in front of everything, numbered where there are several ("visual tokens will always be
inserted at the beginning": https://pypi.org/project/molmo-utils)."""

ONEVISION = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' }}"
    "{% for p in m['content'] if p['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for p in m['content'] if p['type'] == 'text' %}{{ '\n' + p['text'] }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""llava-hf/llava-onevision-qwen2-7b-ov-hf: a space behind the role, which the generation prompt has not."""

SMOLVLM = (
    "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}"
    "{% if m['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for p in m['content'] %}{% if p['type'] == 'text' %}{{ p['text'] }}{% else %}{{ '<image>' }}{% endif %}"
    "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""HuggingFaceTB/SmolVLM2-2.2B-Instruct: the space behind the colon belongs to the answer."""

GEMMA3 = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' }}"
    "{% if m['content'] is string %}{{ m['content'] | trim }}{% else %}{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}{{ '<start_of_image>' }}{% else %}{{ p['text'] | trim }}{% endif %}{% endfor %}"
    "{% endif %}{{ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
"""google/gemma-3-4b-it; the processor puts two newlines before a picture and two behind it."""

MISTRAL3 = (
    "{% set today = strftime_now('%Y-%m-%d') %}{{ bos_token }}"
    "{% if messages[0]['role'] != 'system' %}[SYSTEM_PROMPT]The current date is {{ today }}.[/SYSTEM_PROMPT]{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST]"
    + BODY.replace("PICTURE", "[IMG]")
    + "[/INST]{% else %}{% if m['content'] is string %}{{ m['content'] }}{% else %}{{ m['content'][0]['text'] }}"
    "{% endif %}{{ eos_token }}{% endif %}{% endfor %}"
)
"""mistralai/Mistral-Small-3.1-24B-Instruct-2503: it tells the day, and nothing stands between question and answer."""

JANUS = (
    "{{ 'You are a helpful language and vision assistant. You are able to understand the visual content that the user "
    "provides, and assist the user with a variety of tasks using natural language.\n\n' }}"
    "{% for m in messages %}{% if m['role'] == 'user' %}<|User|>: {% else %}<|Assistant|>: {% endif %}"
    "{% for p in m['content'] %}{% if p['type'] == 'image' %}{% if not loop.first %}{{ '\n' }}{% endif %}"
    "<image_placeholder>{% if not loop.last %}{{ '\n' }}{% endif %}{% else %}{{ p['text'] }}{% endif %}{% endfor %}"
    "{% if not loop.last or add_generation_prompt %}"
    "{% if m['role'] == 'user' %}{{ '\n\n' }}{% else %}{{ eos_token }}{% endif %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|Assistant|>:{% endif %}"
)
"""deepseek-community/Janus-Pro-7B: the last answer of a conversation has no end mark. Chen et al., 2025."""

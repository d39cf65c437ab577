"""How the tiny base is made: tokenizer, vision encoder, then a LLaVA trained on captions and boxes alone."""

"""Write instruction data from annotated pictures, and a page to look at it. Needs no torch and no GPU.

  python generate.py                                 the built-in world, written by the offline teacher: no key
  python generate.py teacher.num_samples=10000       that many samples, in the papers' ratio of kinds
  python generate.py teacher=gpt4o scenes=coco2014 dry_run=true          requests, tokens, money, hours; asks nobody
  python generate.py teacher=gpt4o scenes=coco2014 max_usd=100           asks; stop it and the same command goes on
  python generate.py experiment=paper_data teacher=openai teacher.endpoint.model=... teacher.mode=batch
  python generate.py teacher=vllm teacher.endpoint.model=...             any OpenAI-compatible server
  python generate.py exports=[llava,messages,parquet]                    for LLaVA, LLaMA-Factory, ms-swift, datasets
  python generate.py audit=samples.json              leaks, contradictions, duplicates of anybody's samples

Leaves samples.jsonl (LLaVA's conversation format with provenance), a card, and page/index.html.
"""

from pathlib import Path

from llavapose.config.schema import GenerateConfig
from llavapose.config.start import start

CONF = Path(__file__).parent / "conf"


def main(config: GenerateConfig) -> None:
    """Print the plan, audit other people's samples, or make samples with all that goes with them."""
    from llavapose.report.finish import audit_samples, finish_samples

    from llavapose.scenes.opening import open_scenes
    from llavapose.teacher.prepare import ensure_samples, print_plan

    if config.audit is not None:
        audit_samples(config)
        return
    scenes = open_scenes(config.scenes, config.split)
    if config.dry_run:
        print_plan(config.scenes, config.teacher, config.data_dir, scenes)
        return
    made = ensure_samples(
        config.scenes, config.teacher, config.data_dir,
        folder=config.output_dir, split=config.split, opened=scenes, max_usd=config.max_usd,
    )  # fmt: skip
    finish_samples(made, scenes, config)


if __name__ == "__main__":
    start("generate", CONF, main, __doc__ or "")

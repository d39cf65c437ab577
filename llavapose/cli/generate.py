"""Write instruction data from annotated pictures: samples.jsonl, a card and a page. Needs no torch and no GPU.

python generate.py teacher.num_samples=10000       the built-in world, written by the offline teacher: no key
python generate.py teacher=gpt4o scenes=coco2014 dry_run=true          requests, tokens, money, hours; asks nobody
python generate.py teacher=gpt4o scenes=coco2014 max_usd=100           asks; stop it and the same command goes on
python generate.py experiment=paper_data teacher=vllm teacher.endpoint.model=...   any OpenAI-compatible server
python generate.py audit=samples.json              leaks, contradictions, duplicates of anybody's samples
python generate.py benchmark=e_hpaub scenes=coco2014 teacher=gpt4o max_usd=10    a benchmark of held-out pictures
"""

from llavapose.config.places import audit_folder
from llavapose.config.schema import GenerateConfig
from llavapose.config.start import start


def main(config: GenerateConfig) -> None:
    """Print the plan, audit other people's samples, build a benchmark, or make samples with all that goes with them."""
    from llavapose.cli.audit import audit_page
    from llavapose.evaluation.benchmarks.building.write import build_benchmark_file
    from llavapose.evaluation.benchmarks.world import benchmark_texts
    from llavapose.report.samples_page import write_samples_page
    from llavapose.scenes.open import open_scenes
    from llavapose.teacher.checks.looks import num_cores
    from llavapose.teacher.context import context_text
    from llavapose.teacher.dataset.release import write_card_and_exports
    from llavapose.teacher.make import ensure_samples, print_plan

    if config.audit is not None:
        return audit_page(config, config.audit, audit_folder(config.audit, config.output_dir))
    if config.benchmark is not None:
        return build_benchmark_file(config.benchmark, config)
    scenes = open_scenes(config.scenes, config.split, pictures=config.needs_pictures)
    if config.dry_run:
        return print_plan(config.scenes, config.teacher, config.data_dir, scenes)
    made = ensure_samples(
        config.scenes, config.teacher, config.data_dir,
        folder=config.output_dir, split=config.split, opened=scenes, max_usd=config.max_usd,
    )  # fmt: skip
    beside = write_card_and_exports(
        made,
        scenes,
        config.scenes,
        config.teacher,
        exports=config.exports,
        benchmark=benchmark_texts(config.scenes),
        processes=num_cores(),
    )
    print("\n".join(beside))
    if config.num_page_scenes and scenes.images.is_dir():
        page = write_samples_page(
            made.samples, scenes, made.folder, context_of=context_text, num_scenes=config.num_page_scenes
        )
        print(f"page: {page}")
    if config.teacher.endpoint is not None:
        audit_page(config, made.samples, made.folder / "audit")


def run() -> None:
    """The command line."""
    start("generate", main, __doc__ or "")


if __name__ == "__main__":
    run()

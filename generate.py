"""Write instruction data from annotated pictures, and a page to look at it. Needs no torch, no key, no GPU.

  python generate.py                                 the built-in world, written by the offline teacher
  python generate.py teacher.num_samples=10000       that many samples, in the papers' ratio 113 : 45 : 42
  python generate.py teacher=offline_llava           from captions and boxes alone: LLaVA's own kind of data
  python generate.py scenes=coco2017 scenes.root=/data/coco output_dir=my_samples
  python generate.py teacher.conv_form=dialogue      conv as one dialogue of several turns

Leaves samples.jsonl (LLaVA's conversation format with provenance) and page/index.html: picture with boxes and
keypoints, what the teacher saw, and the three kinds.
"""

from pathlib import Path

from llavapose.config.schema import GenerateConfig
from llavapose.config.start import start

CONF = Path(__file__).parent / "conf"


def main(config: GenerateConfig) -> None:
    """Make the samples and the page about them."""
    from llavapose.report.samples_page import write_samples_page
    from llavapose.scenes.opening import open_scenes
    from llavapose.teacher.context import context_text
    from llavapose.teacher.prepare import ensure_samples

    scenes = open_scenes(config.scenes, config.split)
    made = ensure_samples(
        config.scenes, config.teacher, config.data_dir, folder=config.output_dir, split=config.split, opened=scenes
    )
    if config.num_page_scenes:
        page = write_samples_page(
            made.samples, scenes, made.folder, context_of=context_text, num_scenes=config.num_page_scenes
        )
        print(f"page: {page}")


if __name__ == "__main__":
    start("generate", CONF, main, __doc__ or "")

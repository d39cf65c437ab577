"""Settings of ``generate.py``."""

from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import MISSING

from llavapose.config.choices import ExportFormat
from llavapose.config.evaluating import BenchmarkConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.config.teaching import TeacherConfig, not_of_scenes
from llavapose.config.values import Cap, not_money, unread


@dataclass(kw_only=True)
class GenerateConfig:
    """All settings of ``generate.py``."""

    scenes: ScenesConfig = field(default_factory=ScenesConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    split: str = "train"
    """Split of the scenes: train or val."""
    output_dir: Path | None = None
    """Folder for `samples.jsonl` and `page/`; null: the one below ``data_dir`` where ``train.py`` looks for them."""
    data_dir: Path = MISSING
    """Folder that made samples are kept in, by fingerprint, and the ledgers of paid replies."""
    num_page_scenes: int = 120
    """Pictures drawn on the page, which lists all samples; 0: no page."""
    dry_run: bool = False
    """Print images, requests, tokens, money and hours, and stop; needs no key and no network."""
    max_usd: Cap = None
    """Hard cap on what the run's ledger may have cost, requests under way included; ``none``: no cap. An endpoint with
    a price needs one of them."""
    exports: list[ExportFormat] = field(default_factory=list)
    """Further forms of the samples: ``llava`` (its trainer), ``messages`` (LLaMA-Factory, ms-swift), ``parquet``."""
    audit: Path | None = None
    """Samples that somebody else made: print their leak, contradiction and duplicate rates, and stop."""
    benchmark: BenchmarkConfig | None = None
    """Build this benchmark of held-out pictures, to ``benchmark.path``, and stop; null: write instruction data."""

    @property
    def needs_pictures(self) -> bool:
        """Whether the pictures must be there: an endpoint reads annotations alone, and so does who builds questions."""
        return self.teacher.endpoint is None and not self.dry_run and self.benchmark is None

    @property
    def asked_split(self) -> str:
        """The split that is written about: a benchmark's pictures are held out."""
        return self.split if self.benchmark is None else "val"

    def problems(self) -> list[str]:
        """What is wrong with these values, one line each."""
        found = [] if self.split in ("train", "val") else [f"split is {self.split!r}; expected train or val"]
        found += not_money("", self.max_usd)
        if self.audit is None:
            found += not_of_scenes(self.teacher, over_time=self.scenes.source.over_time)
        if self.audit is not None:
            why = "an audit makes nothing and asks nobody; leave it out"
            found += unread(self, "", ("dry_run", "max_usd"), why)
            found += [f"exports={','.join(self.exports)} is read by nothing: {why}"] * bool(self.exports)
        elif self.teacher.endpoint is None:
            found += unread(self, "", ("max_usd",), f"teacher {self.teacher.name} costs nothing; leave it out")
        if self.benchmark is not None:
            why = "a benchmark is built of held-out pictures, to benchmark.path; leave it out"
            found += unread(self, "", ("split", "output_dir", "audit"), why)
            how_many = "benchmark.num_images says how many; leave it out"
            found += unread(self.teacher, "teacher.", ("num_samples",), how_many)
            found += [f"exports={','.join(self.exports)} is read by nothing: {why}"] * bool(self.exports)
        return found

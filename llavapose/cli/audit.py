"""The audit of samples that anybody made: what ``generate.py`` prints of them, and its page."""

from pathlib import Path

from llavapose.config.schema import GenerateConfig


def audit_page(config: GenerateConfig, path: Path, folder: Path) -> None:
    """Print what is wrong with samples that anybody made, with a page that shows the worst first, claims marked."""
    from llavapose.report.audit_page import AuditPage, write_audit_page
    from llavapose.scenes.open import opened_if_there
    from llavapose.teacher.checks.audit import audit
    from llavapose.teacher.checks.looks import num_cores
    from llavapose.teacher.context import context_text

    found = audit(path, None, opened_if_there(config.scenes, config.split), processes=num_cores())
    print("\n".join(found.lines()))
    page = AuditPage(
        title=path.name, lines=found.notes(), rows=found.rows(), worst=found.worst, drawn=found.drawn,
        images=found.images, context_of=context_text,
    )  # fmt: skip
    print(f"page: {write_audit_page(page, folder)}")

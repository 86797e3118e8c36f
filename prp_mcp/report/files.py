"""Put a run's reports beside its PRP, whole or not at all."""

import os
from dataclasses import dataclass
from pathlib import Path

from prp_mcp.report.html import render_html
from prp_mcp.report.markdown import pr_title, render_markdown
from prp_mcp.report.story import Story


@dataclass(frozen=True)
class Written:
    """Where the reports are, relative to the bundle's folder, and a title for the pull request."""

    summary_path: str
    report_path: str
    pr_title: str


def write_reports(story: Story, root: Path) -> Written:
    """Write `PRPs/NAME_execution_summary.md` and `PRPs/NAME_execution_report.html` below `root`."""
    written = Written(
        f"PRPs/{story.prp}_execution_summary.md", f"PRPs/{story.prp}_execution_report.html", pr_title(story)
    )
    for name, text in ((written.summary_path, render_markdown(story)), (written.report_path, render_html(story))):
        path = root / name
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(text, "utf-8")
        draft.replace(path)
    return written

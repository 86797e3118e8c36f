"""`write_summary`: put the run's evidence into the repository, ready for a pull request."""

import os
from pathlib import Path
from typing import Any

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.report.html import render_html
from prp_mcp.report.markdown import pr_title, render_markdown
from prp_mcp.report.story import Story, tell


class SummaryFields(Fields):
    """Where the reports are."""

    summary_path: str
    report_path: str
    pr_title: str


def write_summary(step: Step, _: Arguments) -> Outcome:
    """Write the summary and the report; the gates before it were judged by the door."""
    story = tell(step.run, step.journal.head()[:12])
    fields = write_reports(story, step.present.root)
    summary = f"All gates passed; {fields['summary_path']} is written."
    following = f"Done: {fields['summary_path']}; the pull request text is in it."
    return Outcome(Verdict.PASSED, summary, fields, next=following)


def write_reports(story: Story, root: Path) -> dict[str, Any]:
    """Write both reports beside the PRP, whole or not at all, and return their paths."""
    folder = root / "PRPs"
    names = {
        "summary_path": (folder / f"{story.prp}_execution_summary.md", render_markdown(story)),
        "report_path": (folder / f"{story.prp}_execution_report.html", render_html(story)),
    }
    for path, text in names.values():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(text, "utf-8")
        draft.replace(path)
    return {**{key: path.relative_to(root).as_posix() for key, (path, _) in names.items()}, "pr_title": pr_title(story)}


TOOL = Tool(
    name="write_summary",
    title="Write the execution summary",
    description="Write PRPs/NAME_execution_summary.md and an HTML report from the journal, when every gate holds for "
    "the present files. Ends the run as passed.",
    arguments=Arguments,
    fields=SummaryFields,
    run=write_summary,
    kind="files",
    gate=Gate.SUMMARY,
    opens_with=Gate.SUMMARY,
    budget=30,
)

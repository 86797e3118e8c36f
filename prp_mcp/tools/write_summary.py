"""`write_summary`: put the run's evidence into the repository, ready for a pull request."""

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import SummaryEvidence


class SummaryFields(Fields):
    """Where the reports are."""

    summary_path: str
    report_path: str
    pr_title: str


def write_summary(step: Step, _: Arguments) -> Outcome:
    """Write the summary and the report; the gates before it were judged by the door."""
    from prp_mcp.report.files import write_reports
    from prp_mcp.report.story import tell

    written = write_reports(tell(step.run, step.journal.head()[:12]), step.present.root)
    fields = SummaryFields(
        summary_path=written.summary_path, report_path=written.report_path, pr_title=written.pr_title
    )
    summary = f"All gates passed; {written.summary_path} is written."
    following = f"Done: {written.summary_path}; the pull request text is in it."
    seen = SummaryEvidence(written.summary_path, written.report_path)
    return Outcome(Verdict.PASSED, summary, fields, evidence=seen, next=following)


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
)

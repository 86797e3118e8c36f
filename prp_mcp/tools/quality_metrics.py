"""`quality_metrics`: every expectation of the deployed sources was seen in the update, and enough records passed it."""

from collections.abc import Mapping, Sequence

from prp_mcp.code.event_log import DatasetLog, UpdateLog, read_log, short
from prp_mcp.code.facts import CodeFacts
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import threshold_for
from prp_mcp.journal.evidence import Measured, MeasuredDataset, QualityEvidence
from prp_mcp.policy import QualityPolicy
from prp_mcp.steps.sources import deployed_sources


class QualityFields(Fields):
    """What was measured: per dataset rows, dropped records and each expectation."""

    datasets: list[MeasuredDataset]


def quality_metrics(step: Step, _: Arguments) -> Outcome:
    """Judge the expectations of the updates this run started."""
    logs: list[UpdateLog] = []
    complete = True
    for update in step.run.updates.values():
        page = step.workspace.events(update.pipeline.id, update.id)
        logs.append(read_log(page.events))
        complete = complete and page.complete
    facts, policy = deployed_sources(step), step.present.policy.quality
    stated = step.present.plan.thresholds if step.present.plan else {}
    datasets = [measured(item, facts, policy, stated) for log in logs for item in log.datasets.values()]
    return judged(datasets, missing(logs, facts), complete=complete)


def judged(datasets: Sequence[MeasuredDataset], unseen: Sequence[Finding], *, complete: bool) -> Outcome:
    """Judge what was measured; `unseen` are the expectations the event log says nothing of."""
    counted = [(dataset, item) for dataset in datasets for item in dataset.expectations if item.rate is not None]
    idle = [
        Finding(f"{dataset.name}.{item.name}", "no record was measured", "Feed new input, or use full_refresh=true.")
        for dataset in datasets
        for item in dataset.expectations
        if item.rate is None and not any(item.name in known.text for known in unseen)
    ]
    gaps = (*unseen, *idle)
    fix = "Correct the data or the rule; thresholds are for a person to set."
    low = tuple(Finding(f"{dataset.name}.{item.name}", _low(item), fix) for dataset, item in counted if item.is_low)
    fields, seen = QualityFields(datasets=list(datasets)), QualityEvidence(tuple(datasets))
    if low:
        summary = f"{len(low)} of {len(counted)} expectations are below their threshold."
        return Outcome(Verdict.FAILED, summary, fields, (*low, *gaps), seen)
    if gaps or not counted or not complete:
        why = "The event log is cut off." if not complete else f"{len(gaps)} expectations were not measured."
        if not counted and not gaps:
            why = "No expectation was measured: nothing says whether the data is good."
        following = "Call start_pipeline with full_refresh=true: it measures every record again." if gaps else ""
        return Outcome(Verdict.INCONCLUSIVE, why, fields, gaps, seen, following)
    rate, worst = min(((item.rate or 0.0, item) for _, item in counted), key=lambda pair: pair[0] - pair[1].threshold)
    dropped = sum(dataset.dropped for dataset in datasets)
    summary = f"{len(counted)} expectations hold; lowest {worst.name} {rate:.2%}; {dropped:,} records dropped."
    return Outcome(Verdict.PASSED, summary, fields, (), seen)


def measured(log: DatasetLog, facts: CodeFacts, policy: QualityPolicy, stated: Mapping[str, float]) -> MeasuredDataset:
    """Return the expectations of one dataset with their rates and thresholds; `stated` are the PRP's thresholds."""
    actions = {(item.dataset, item.name): item.action for _, item in facts.expectations()}
    name = short(log.name)
    found = []
    for count in log.expectations.values():
        total = count.passed + count.failed
        threshold = threshold_for(name, count.name, policy.threshold, policy.thresholds, stated)
        found.append(
            Measured(
                name=count.name,
                action=actions.get((name, count.name), "computed"),
                passed=count.passed,
                failed=count.failed,
                rate=round(count.passed / total, 6) if total else None,
                threshold=threshold,
                # Never by the rate that was rounded for display.
                is_low=bool(total) and count.passed / total < threshold,
            )
        )
    return MeasuredDataset(name, log.rows, log.dropped, tuple(found))


def missing(logs: Sequence[UpdateLog], facts: CodeFacts) -> list[Finding]:
    """Return the expectations of the sources that the event logs do not measure."""
    seen = {
        (short(item.name), count.name)
        for log in logs
        for item in log.datasets.values()
        for count in item.expectations.values()
        if count.passed + count.failed
    }
    idle = {short(item.name) for log in logs for item in log.datasets.values() if item.measured and not item.rows}
    findings = []
    for path, item in facts.expectations():
        if item.name is None or item.dataset is None or (short(item.dataset), item.name) in seen:
            continue  # a name computed at load time cannot be expected by a static reading
        why = "no new record was processed" if short(item.dataset) in idle else "the event log does not mention it"
        fix = "Call start_pipeline with full_refresh=true, or feed new input."
        findings.append(Finding(f"{path}:{item.line}", f"{item.dataset}.{item.name}: {why}", fix))
    return findings


def _low(item: Measured) -> str:
    return f"{item.rate:.2%} of {item.passed + item.failed:,} records passed, {item.threshold:.2%} are demanded"


TOOL = Tool(
    name="quality_metrics",
    title="Measure data quality",
    description="Read the expectations of this run's update from the event log: passed, failed, dropped per dataset. "
    "Fails under the threshold; inconclusive when an expectation of the sources was not measured.",
    arguments=Arguments,
    fields=QualityFields,
    run=quality_metrics,
    kind="read",
    gate=Gate.QUALITY,
    opens_with=Gate.QUALITY,
)

"""`quality_metrics`: every expectation of the deployed sources was seen in the update, and enough records passed it."""

from typing import Any

from prp_mcp.code.event_log import DatasetLog, UpdateLog, read_log, short
from prp_mcp.code.facts import CodeFacts
from prp_mcp.code.sources import read_sources
from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import threshold_for
from prp_mcp.steps.sources import source_texts
from prp_mcp.steps.updates import deployed_pipelines


class QualityFields(Fields):
    """What was measured: per dataset rows, dropped records and each expectation."""

    datasets: list[dict[str, Any]]


def quality_metrics(step: Step, _: Arguments) -> Outcome:
    """Judge the expectations of the updates this run started."""
    pipelines = deployed_pipelines(step)
    logs, complete = [], True
    for key, update in updates_of(step.run).items():
        page = step.workspace.events(pipelines[key], update)
        logs.append(read_log(page.events))
        complete = complete and page.complete
    facts = deployed_sources(step)
    datasets = [_shown(step, item, facts) for log in logs for item in log.datasets.values()]
    missing = _missing(logs, facts)
    missing += [
        Finding(
            f"{dataset['name']}.{item['name']}", "no record was measured", "Feed new input, or use full_refresh=true."
        )
        for dataset in datasets
        for item in dataset["expectations"]
        if item["rate"] is None and not any(item["name"] in known.text for known in missing)
    ]
    low = [
        Finding(
            f"{dataset['name']}.{item['name']}",
            _low(item),
            "Mend the data or the rule; thresholds are for a person to set.",
        )
        for dataset in datasets
        for item in dataset["expectations"]
        if _is_low(item)
    ]
    counted = [item for dataset in datasets for item in dataset["expectations"] if item["rate"] is not None]
    fields = {"datasets": datasets}
    if low:
        return Outcome(
            Verdict.FAILED,
            f"{len(low)} of {len(counted)} expectations are below their threshold.",
            fields,
            (*low, *missing),
        )
    if missing or not counted or not complete:
        why = "The event log is cut off." if not complete else f"{len(missing)} expectations were not measured."
        if not counted and not missing:
            why = "No expectation was measured: nothing says whether the data is good."
        return Outcome(Verdict.INCONCLUSIVE, why, fields, tuple(missing))
    worst = min(counted, key=lambda item: item["rate"] - item["threshold"])
    dropped = sum(dataset["dropped"] for dataset in datasets)
    summary = (
        f"{len(counted)} expectations hold; lowest {worst['name']} {worst['rate']:.2%}; {dropped:,} records dropped."
    )
    return Outcome(Verdict.PASSED, summary, fields)


def deployed_sources(step: Step) -> CodeFacts:
    """Return the static facts of the sources that are deployed."""
    record = step.run.latest(Gate.DEPLOYMENT, Verdict.PASSED)
    assert record is not None  # the gate holds, or the tool would not have been called
    return read_sources(source_texts(step.snapshots.open(record.body["snapshot"])))


def _shown(step: Step, log: DatasetLog, facts: CodeFacts) -> dict[str, Any]:
    policy = step.present.policy.quality
    stated = dict(step.present.plan.thresholds) if step.present.plan else {}
    actions = {(item.dataset, item.name): item.action for source in facts.sources for item in source.expectations}
    shown = []
    for count in log.expectations.values():
        total = count.passed + count.failed
        name = short(log.name)
        shown.append(
            {
                "name": count.name,
                "action": actions.get((name, count.name), "computed"),
                "passed": count.passed,
                "failed": count.failed,
                "rate": round(count.passed / total, 6) if total else None,
                "threshold": threshold_for(name, count.name, policy.threshold, policy.thresholds, stated),
            }
        )
    return {"name": short(log.name), "rows": log.rows, "dropped": log.dropped, "expectations": shown}


def _missing(logs: list[UpdateLog], facts: CodeFacts) -> list[Finding]:
    seen = {
        (short(item.name), count.name)
        for log in logs
        for item in log.datasets.values()
        for count in item.expectations.values()
        if count.passed + count.failed
    }
    idle = {short(item.name) for log in logs for item in log.datasets.values() if item.measured and not item.rows}
    findings = []
    for source in facts.sources:
        for item in source.expectations:
            if item.name is None or item.dataset is None or (short(item.dataset), item.name) in seen:
                continue  # a name computed at load time cannot be expected by a static reading
            why = "no new record was processed" if short(item.dataset) in idle else "the event log does not mention it"
            fix = "Call start_pipeline with full_refresh=true, or feed new input."
            findings.append(Finding(f"{source.path}:{item.line}", f"{item.dataset}.{item.name}: {why}", fix))
    return findings


def _is_low(item: dict[str, Any]) -> bool:
    total = item["passed"] + item["failed"]
    return bool(total) and item["passed"] / total < item["threshold"]  # never the rate that was rounded for display


def _low(item: dict[str, Any]) -> str:
    total = item["passed"] + item["failed"]
    return f"{item['rate']:.2%} of {total:,} records passed, {item['threshold']:.2%} are demanded"


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

"""`check_governance`: the tables are where the bundle says, owned, documented and granted as policy demands."""

from collections.abc import Callable
from typing import Any

from prp_mcp.code.event_log import short
from prp_mcp.code.facts import DatasetFact
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import CheckedTable, GovernanceEvidence, PipelineSettings, UpdateRun
from prp_mcp.policy import GovernancePolicy
from prp_mcp.steps.sources import deployed_sources

Table = dict[str, Any]
Grants = list[dict[str, Any]]
Rule = Callable[[Table, Grants, GovernancePolicy], str]


class GovernanceFields(Fields):
    """The published tables and how they stand."""

    tables: list[CheckedTable]


def check_governance(step: Step, _: Arguments) -> Outcome:
    """Look at every table the run's updates published."""
    policy = step.present.policy.governance
    tables: list[CheckedTable] = []
    findings: list[Finding] = []
    for key, full in _published(step):
        table = step.workspace.table(full)
        if table is None:
            text, fix = "the update wrote it, but it is not in Unity Catalog", f"See pipeline {key}."
            findings.append(Finding(full, text, fix))
            continue
        grants = step.workspace.grants("table", full) if policy.forbidden_privileges else []
        troubles = {rule: text for rule in RULES if (text := rule(table, grants, policy))}
        findings += [Finding(full, text, RULES[rule]) for rule, text in troubles.items()]
        owner, comment = str(table.get("owner") or ""), bool(table.get("comment"))
        tables.append(CheckedTable(full, owner, comment, grants_ok=privileges not in troubles))
    fields, seen = GovernanceFields(tables=tables), GovernanceEvidence(tuple(tables))
    if findings:
        summary = f"{counted(len(findings), 'finding')} in {counted(len(tables), 'table')}."
        return Outcome(Verdict.FAILED, summary, fields, tuple(findings), seen)
    if not tables:
        return Outcome(Verdict.INCONCLUSIVE, "The update published no table.", fields, (), seen)
    places = sorted({item.name.rpartition(".")[0] for item in tables})
    summary = f"{counted(len(tables), 'table')} in {', '.join(places)}: owned, documented, granted as demanded."
    return Outcome(Verdict.PASSED, summary, fields, (), seen)


def location(table: Table, _: Grants, __: GovernancePolicy) -> str:
    """Demand Unity Catalog."""
    return "it lies in hive_metastore" if table.get("catalog_name") == "hive_metastore" else ""


def owner(table: Table, _: Grants, policy: GovernancePolicy) -> str:
    """Demand an owner."""
    return "it has no owner" if policy.owner and not table.get("owner") else ""


def documentation(table: Table, _: Grants, policy: GovernancePolicy) -> str:
    """Demand a comment."""
    return "it has no comment" if policy.documented and not table.get("comment") else ""


def privileges(_: Table, grants: Grants, policy: GovernancePolicy) -> str:
    """Forbid broad privileges to broad groups."""
    broad = [
        f"{grant['principal']} has {privilege}"
        for grant in grants
        if grant.get("principal") in policy.forbid_grants_to
        for privilege in grant.get("privileges") or []
        if privilege in policy.forbidden_privileges
    ]
    return "; ".join(broad)


RULES: dict[Rule, str] = {
    location: "Set `catalog` on the pipeline.",
    owner: "Set an owner on the table or its schema.",
    documentation: "Give the dataset a comment in its source.",
    privileges: "Grant less, or to a narrower group.",
}
"""Every rule, with what corrects what it finds."""


def _published(step: Step) -> list[tuple[str, str]]:
    """Return the bundle key of the pipeline and the full name of every table that the run's updates wrote."""
    bundle, execution = step.run.bundle, step.run.execution
    assert bundle is not None  # both gates hold, or the tool would not have been called
    assert execution is not None
    views = {short(item.name) for _, item in deployed_sources(step).datasets() if item.name and _is_private(item)}
    return [
        (update.pipeline.key, name)
        for update in execution.updates
        for name in published_tables(update, bundle.pipelines[update.pipeline.key], views)
    ]


def published_tables(update: UpdateRun, settings: PipelineSettings, views: set[str]) -> list[str]:
    """Return the full names of the datasets of an update that are tables; `views` are not, by their short names."""
    home = f"{settings.catalog}.{settings.schema}"
    names = [item.name for item in update.datasets if short(item.name) not in views]
    return [name if name.count(".") == 2 else f"{home}.{short(name)}" for name in names]


def _is_private(dataset: DatasetFact) -> bool:
    return dataset.is_private or dataset.kind == "view"


TOOL = Tool(
    name="check_governance",
    title="Check governance",
    description="Check in Unity Catalog that the tables this run published are where the bundle says (never "
    "hive_metastore), owned, documented and granted as policy demands.",
    arguments=Arguments,
    fields=GovernanceFields,
    run=check_governance,
    kind="read",
    gate=Gate.GOVERNANCE,
    opens_with=Gate.GOVERNANCE,
)

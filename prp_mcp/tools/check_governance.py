"""`check_governance`: the tables are where the bundle says, owned, documented and granted as policy demands."""

from collections.abc import Callable
from typing import Any

from prp_mcp.code.event_log import short
from prp_mcp.code.facts import DatasetFact
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.policy import GovernancePolicy
from prp_mcp.tools.quality_metrics import deployed_sources

Table = dict[str, Any]
Grants = list[dict[str, Any]]
Rule = Callable[[Table, Grants, GovernancePolicy], str]


class GovernanceFields(Fields):
    """The published tables and how they stand."""

    tables: list[dict[str, Any]]


def check_governance(step: Step, _: Arguments) -> Outcome:
    """Look at every table the run's updates published."""
    policy = step.present.policy.governance
    tables, findings = [], []
    for key, full in _published(step):
        table = step.workspace.table(full)
        if table is None:
            findings.append(
                Finding(full, "the update wrote it, but it is not in Unity Catalog", f"See pipeline {key}.")
            )
            continue
        grants = step.workspace.grants("table", full) if policy.forbidden_privileges else []
        troubles = [(rule.__name__, text) for rule in RULES if (text := rule(table, grants, policy))]
        findings += [Finding(full, text, _FIX[rule]) for rule, text in troubles]
        tables.append(_shown(full, table, {rule for rule, _ in troubles}))
    fields = {"tables": tables}
    if findings:
        return Outcome(
            Verdict.FAILED,
            f"{counted(len(findings), 'finding')} in {counted(len(tables), 'table')}.",
            fields,
            tuple(findings),
        )
    if not tables:
        return Outcome(Verdict.INCONCLUSIVE, "The update published no table.", fields)
    places = sorted({item["name"].rpartition(".")[0] for item in tables})
    summary = f"{counted(len(tables), 'table')} in {', '.join(places)}: owned, documented, granted as demanded."
    return Outcome(Verdict.PASSED, summary, fields)


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


RULES: tuple[Rule, ...] = (location, owner, documentation, privileges)
_FIX = {
    "location": "Set `catalog` on the pipeline.",
    "owner": "Set an owner on the table or its schema.",
    "documentation": "Give the dataset a comment in its source.",
    "privileges": "Grant less, or to a narrower group.",
}


def _published(step: Step) -> list[tuple[str, str]]:
    """Return the bundle key of the pipeline and the full name of every table that the run's updates wrote."""
    bundle = step.run.latest(Gate.BUNDLE, Verdict.PASSED)
    execution = step.run.latest(Gate.EXECUTION, Verdict.PASSED)
    assert bundle is not None  # both gates hold, or the tool would not have been called
    assert execution is not None
    views = {short(item.name) for _, item in deployed_sources(step).datasets() if item.name and _is_private(item)}
    found = []
    for update in execution.body["evidence"]["updates"]:
        body = bundle.body["evidence"]["pipelines"][update["pipeline"]]
        home = f"{body['catalog']}.{body.get('schema') or body.get('target') or ''}"
        names = [item["name"] for item in update["datasets"] if short(item["name"]) not in views]
        found += [(update["pipeline"], name if name.count(".") == 2 else f"{home}.{short(name)}") for name in names]
    return found


def _is_private(dataset: DatasetFact) -> bool:
    return dataset.is_private or dataset.kind == "view"


def _shown(full: str, table: Table, failed: set[str]) -> dict[str, Any]:
    return {
        "name": full,
        "owner": table.get("owner", ""),
        "documented": bool(table.get("comment")),
        "grants_ok": "privileges" not in failed,
    }


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

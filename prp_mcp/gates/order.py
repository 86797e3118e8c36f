"""The gates in their fixed order, and what the evidence of each is bound to."""

from enum import StrEnum


class Gate(StrEnum):
    """Name a gate; the order of definition is the order of passing."""

    PRP = "prp"
    ENVIRONMENT = "environment"
    BUNDLE = "bundle"
    COMPILE = "compile"
    DEPLOYMENT = "deployment"
    EXECUTION = "execution"
    QUALITY = "quality"
    GOVERNANCE = "governance"
    SUITE = "suite"
    SUMMARY = "summary"


class Verdict(StrEnum):
    """Say how a step ended; only `passed` opens the next gate."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    RUNNING = "running"
    ERROR = "error"


class Material(StrEnum):
    """Name something that evidence is bound to; each has one digest at any time."""

    PRP = "prp"
    WORKSPACE = "workspace"
    TREE = "tree"
    TESTED = "tested"
    CONFIGURATION = "configuration"
    DEPLOYMENT = "deployment"
    UPDATE = "update"
    THRESHOLDS = "thresholds"
    POLICY = "policy"


class Trigger(StrEnum):
    """Name what can set off a rollback; each is a switch of the policy."""

    CONFIGURATION = "configuration"
    DEPLOYMENT = "deployment"
    EXECUTION = "execution"
    QUALITY = "quality"
    INTERRUPT = "interrupt"


_DEPLOYED = frozenset({Material.WORKSPACE, Material.TREE, Material.CONFIGURATION, Material.DEPLOYMENT, Material.POLICY})
_UPDATED = _DEPLOYED | {Material.UPDATE}

BOUND: dict[Gate, frozenset[Material]] = {
    Gate.PRP: frozenset({Material.PRP, Material.POLICY}),
    Gate.ENVIRONMENT: frozenset({Material.WORKSPACE, Material.POLICY}),
    Gate.BUNDLE: frozenset({Material.WORKSPACE, Material.TREE, Material.CONFIGURATION, Material.POLICY}),
    Gate.COMPILE: frozenset({Material.TREE, Material.POLICY}),
    Gate.DEPLOYMENT: _DEPLOYED,
    Gate.EXECUTION: _UPDATED,
    Gate.QUALITY: _UPDATED | {Material.THRESHOLDS},
    Gate.GOVERNANCE: _UPDATED,
    Gate.SUITE: _UPDATED | {Material.PRP, Material.TESTED},
    Gate.SUMMARY: _UPDATED | {Material.PRP, Material.TESTED, Material.THRESHOLDS},
}

TOOL_OF: dict[Gate, str] = {
    Gate.PRP: "load_prp",
    Gate.ENVIRONMENT: "check_environment",
    Gate.BUNDLE: "validate_bundle",
    Gate.COMPILE: "compile_check",
    Gate.DEPLOYMENT: "deploy",
    Gate.EXECUTION: "start_pipeline",
    Gate.QUALITY: "quality_metrics",
    Gate.GOVERNANCE: "check_governance",
    Gate.SUITE: "run_validation",
    Gate.SUMMARY: "write_summary",
}

TRIGGER_OF: dict[Gate, Trigger] = {
    Gate.BUNDLE: Trigger.CONFIGURATION,
    Gate.COMPILE: Trigger.CONFIGURATION,
    Gate.DEPLOYMENT: Trigger.DEPLOYMENT,
    Gate.EXECUTION: Trigger.EXECUTION,
    Gate.QUALITY: Trigger.QUALITY,
    Gate.GOVERNANCE: Trigger.QUALITY,
    Gate.SUITE: Trigger.QUALITY,
}
"""Failing `prp` and `environment` leaves nothing behind that a rollback could undo, so they count no attempts."""


def before(gate: Gate) -> tuple[Gate, ...]:
    """Return the gates that must hold before `gate` is open, in order."""
    order = tuple(Gate)
    return order[: order.index(gate)]

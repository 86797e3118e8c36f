"""Decide how a PRP's validation command would be carried out now: by a gate, as SQL, as programs, or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Literal

from prp_mcp.code.queries import why_not_reading
from prp_mcp.commands.allowed import why_not_allowed
from prp_mcp.commands.bindings import filled, filled_sql
from prp_mcp.commands.gate_forms import bundle_folders, compiled_paths, pipeline_ids, run_keys
from prp_mcp.commands.invocations import Blocked, Invocation, approval_of, invocations, is_databricks
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.targets import named_targets, stated_targets
from prp_mcp.digest import digest
from prp_mcp.engine.step import Step
from prp_mcp.gates.judge import Standing
from prp_mcp.gates.order import Gate
from prp_mcp.journal.evidence import BundleEvidence, DeploymentEvidence
from prp_mcp.journal.notes import Approval
from prp_mcp.plan.model import Command
from prp_mcp.suite.known_values import known_values

QUERY_VALUES = ("warehouse_id", "catalog", "schema")
"""Values that decide what a statement means: where it runs, and where unqualified tables are."""

MAX_PATTERNS = 100
"""Folders and patterns of one command that are held against the files of the project."""

Way = Literal["gate", "query", "programs", "none"]


@dataclass(frozen=True)
class Prepared:
    """A command with its bindings filled in; `why` says why it is not run (`way` none).

    `gate` is the one that proves it, `holds` whether that gate holds. `approval` is what a person would have to approve
    for it to be run, and empty where that would not help. `key` names everything its result depends on: the text, the
    files and, where it reads the workspace, what is there.
    """

    command: Command
    way: Way
    text: str
    why: str = ""
    gate: Gate | None = None
    holds: bool = False
    programs: tuple[Invocation, ...] = ()
    approval: str = ""
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def prepare(step: Step, commands: Iterable[Command]) -> list[Prepared]:
    """Return how each of `commands` would be carried out in the present state of the run."""
    values, standing = known_values(step), step.standing
    return [replace(_prepared(step, command, values, standing), values=values) for command in commands]


def _prepared(step: Step, command: Command, values: Mapping[str, str], standing: Standing) -> Prepared:
    line = filled(command.shell, values) if command.shell else None
    text = line.text if line else filled_sql(command.text, values)
    if command.gate and line:
        why = why_not_by_gate(step, command.gate, line)
        if not why:
            gate = Gate(command.gate)
            return Prepared(command, "gate", text, gate=gate, holds=standing.holds(gate))
        if command.gate != Gate.COMPILE:
            return Prepared(command, "none", text, why)
    if command.blocked:
        return Prepared(command, "none", text, command.blocked)
    if unknown := [name for name in command.bindings if name not in values]:
        return Prepared(command, "none", text, _unknown(unknown))
    if line is None:
        return _query(step, command, text, values, executed=standing.holds(Gate.EXECUTION))
    return _programs(step, command, line)


def why_not_by_gate(step: Step, gate: str, command: CommandLine) -> str:
    """Return why `gate` does not prove `command`, its bindings filled in, or an empty string.

    It may be for another target, bundle or pipeline, or about files that the gate does not see.
    """
    return (
        _why_not_on_target(step, stated_targets(command))
        or _named({folder for folder in bundle_folders(command) if folder != "."}, "not the folder of the bundle")
        or _why_not_in_gate(step, gate, command)
    )


def _why_not_in_gate(step: Step, gate: str, command: CommandLine) -> str:
    if gate == Gate.EXECUTION:
        bundle, deployment = step.run.seen(BundleEvidence), step.run.seen(DeploymentEvidence)
        keys, ids = set(run_keys(command)), set(pipeline_ids(command))
        known = set(bundle.pipelines) if bundle else keys
        deployed = {item.id for item in deployment.resources} if deployment else ids
        return _named(keys - known, "no pipeline of the bundle") or _named(ids - deployed, "no pipeline of this run")
    if gate == Gate.COMPILE:
        return _why_not_compiled(step, compiled_paths(command))
    return ""


def _why_not_compiled(step: Step, paths: Sequence[str]) -> str:
    """Return which path may mean a Python source that the compile gate does not see, or none at all."""
    sources = {file.path for file in step.present.tested.files if file.path.endswith(".py")}
    unseen = sources - {file.path for file in step.present.tree.files}
    wanted = {normpath((step.present.inside / path).as_posix()) for path in paths}
    patterns = sorted(wanted - sources)
    if len(patterns) > MAX_PATTERNS:
        return f"it names more than {MAX_PATTERNS} folders and patterns"
    meant = {each: {path for path in sources if _means(each, path)} for each in patterns}
    outside = (wanted & unseen) | {each for each, found in meant.items() if not found or found & unseen}
    return _named(outside, "not among the files the compile gate checks")


def _means(wanted: str, path: str) -> bool:
    # A `*` that also matches `/` means more than a shell's: too many files to ask for, never too few.
    return wanted == "." or path.startswith(f"{wanted}/") or fnmatchcase(path, wanted)


def _why_not_on_target(step: Step, stated: frozenset[str] | None) -> str:
    if stated is None:
        return "nobody can tell which target it is for"
    elsewhere = sorted(stated - {step.run.target})
    return f"it is for target {elsewhere[0]!r}" if elsewhere else ""


def _named(names: set[str], what: str) -> str:
    return f"{min(names)!r} is {what}" if names else ""


def approved(step: Step, approval: str) -> bool:
    """Return whether a person has allowed exactly this: in this run, or for always in the grants."""
    said = [note.approved for note in step.run.notes(Approval) if note.what == approval]
    return bool(said and said[-1]) or approval in step.settings.grants.commands


def _query(step: Step, command: Command, text: str, values: Mapping[str, str], *, executed: bool) -> Prepared:
    if why := why_not_reading(text):
        return Prepared(command, "none", text, why)
    if not executed:
        return Prepared(command, "none", text, "it reads what the pipeline writes: run it when execution has passed")
    where = [values.get(name) for name in QUERY_VALUES]
    return Prepared(command, "query", text, key=_key(step, command, text, where, reads_workspace=True))


def _programs(step: Step, command: Command, line: CommandLine) -> Prepared:
    text, planned = line.text, invocations(line)
    if isinstance(planned, Blocked):
        return Prepared(command, "none", text, planned.why)
    stated = frozenset(name for each in planned if is_databricks(each) for name in named_targets(each.argv))
    if why := _why_not_on_target(step, stated):
        return Prepared(command, "none", text, why)
    key = _key(step, command, text, [], reads_workspace=any(map(is_databricks, planned)))
    extra = step.present.policy.validation.allowed
    refused = next((why for each in planned if (why := why_not_allowed(each, extra))), "")
    if refused and not approved(step, approval_of(planned)):
        return Prepared(command, "none", text, refused, programs=tuple(planned), approval=approval_of(planned), key=key)
    return Prepared(command, "programs", text, programs=tuple(planned), key=key)


def _key(step: Step, command: Command, text: str, where: Sequence[str | None], *, reads_workspace: bool) -> str:
    seen = [sorted((key, update.id) for key, update in step.run.updates.items())] if reads_workspace else []
    return digest([command.kind, text, command.expected, step.present.tested.id, where, seen])


def _unknown(names: list[str]) -> str:
    shown = ", ".join(f"<{name}>" for name in names)
    return f"it needs a value for {shown}: state it under [validation.bindings] in prp-mcp.toml"

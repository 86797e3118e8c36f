"""`validate_bundle`: the bundle validates for the target, and its plan destroys nothing."""

from collections import Counter
from typing import Any

from prp_mcp.code.bundle_yaml import BundleYaml
from prp_mcp.digest import digest
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.gates.policy import destructive, foreign
from prp_mcp.journal.evidence import BundleEvidence, PipelineSettings
from prp_mcp.remote.bundle import DeploymentPlan, Diagnostic
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.steps.place import place_findings
from prp_mcp.steps.sealing import sealing_findings
from prp_mcp.steps.target import target_findings


class PlanRow(Fields):
    """What a deployment would do: how many resources, and which, by action."""

    counts: dict[str, int]
    names: dict[str, list[str]]


class PipelineRow(Fields):
    """A pipeline of the bundle."""

    key: str
    name: str


class BundleFields(Fields):
    """What a deployment would do."""

    plan: PlanRow
    pipelines: list[PipelineRow]


def validate_bundle(step: Step, _: Arguments) -> Outcome:
    """Validate and plan in a private snapshot of the work tree."""
    root = step.root_in(step.snapshot)
    nothing = _fields({}, None)
    try:
        bundle = read_bundle_file(root)
        findings = [*sealing_findings(step), *_code_trouble(step, bundle), *target_findings(step, bundle)]
    except UsageError as error:
        found = Finding(error.location or "databricks.yml", error.summary, error.remedy)
        return Outcome(Verdict.FAILED, "The bundle's YAML cannot be read.", nothing, (found,))
    if findings:
        return Outcome(Verdict.FAILED, "The bundle may not be used as it is.", nothing, tuple(findings))
    validation = step.cli.validate(root, step.run.target)
    seen = bundle_evidence(validation.config)
    findings = _messages(step, validation.diagnostics)
    if validation.ok:
        findings += [*_pipeline_trouble(step, validation.config), *_mode_trouble(step, seen)]
        findings += place_findings(step, bundle, seen)
    elif not findings:
        findings = [Finding("bundle", "validation failed without a message", "Run `prp-mcp doctor`.")]
    plan = None
    if not findings:  # a plan reads the state at the place: never where that was just refused
        plan = step.cli.plan(step.root_in(step.snapshot), step.run.target)
        findings = _plan_trouble(plan)
    fields = _fields(validation.config, plan)
    if findings:
        summary = f"The bundle has {counted(len(findings), 'finding')}."
        return Outcome(Verdict.FAILED, summary, fields, tuple(findings), seen)
    counts = ", ".join(f"{count} to {name}" for name, count in fields.plan.counts.items()) or "no change"
    return Outcome(Verdict.PASSED, f"The bundle is valid for {step.run.target}; plan: {counts}.", fields, (), seen)


def _code_trouble(step: Step, bundle: BundleYaml) -> list[Finding]:
    # Before the CLI sees it: `bundle validate` itself runs scripts, with the token in their environment.
    if step.settings.grants.bundle_code:
        return []
    fix = "Remove it, or ask a person to set bundle_code = true in the user's grants.toml."
    return [Finding(hook.path, f"`{hook.what}` runs code from the bundle", fix) for hook in bundle.hooks]


def _messages(step: Step, messages: tuple[Diagnostic, ...]) -> list[Finding]:
    accepted = step.present.policy.bundle.accepted_warnings
    findings = []
    for message in messages:
        passes = message.severity == "recommendation" or (
            message.severity == "warning" and any(part in message.text for part in accepted)
        )
        if not passes:
            at = message.where or message.at or "databricks.yml"
            fix = (
                "Correct it; a warning means the value is dropped." if message.severity == "warning" else "Correct it."
            )
            findings.append(Finding(at, f"{message.severity}: {message.text}", fix))
    return findings


def _pipeline_trouble(step: Step, config: dict[str, Any]) -> list[Finding]:
    pipelines = pipelines_in(config)
    if not pipelines:
        return [Finding("resources", "the bundle has no pipeline", "Add one under resources.pipelines.")]
    findings = []
    for key, body in pipelines.items():
        if body.get("continuous"):
            findings.append(
                Finding(f"resources.pipelines.{key}", "a continuous pipeline never completes", "Set continuous: false.")
            )
        if not body.get("catalog"):
            fix = "Set `catalog` and `schema`; hive_metastore is not supported."
            findings.append(Finding(f"resources.pipelines.{key}", "the pipeline names no catalog", fix))
    used = [str(body.get("catalog")) for body in pipelines.values() if body.get("catalog")]
    for catalog in foreign(used, step.settings.grants.catalogs):
        findings.append(Finding("catalog", f"{catalog} is not among the granted catalogs", "Use a granted catalog."))
    return findings


def _mode_trouble(step: Step, seen: BundleEvidence) -> list[Finding]:
    if seen.mode == "development" or step.run.target in step.settings.grants.targets:
        return []
    text = f"the resolved mode of target {step.run.target!r} is {seen.mode or 'not set'}"
    return [Finding("databricks.yml", text, "Ask a person to grant the target (PRP_MCP_ALLOW_TARGETS).")]


def _plan_trouble(plan: DeploymentPlan) -> list[Finding]:
    findings = [
        Finding(item.where or "plan", f"{item.severity}: {item.text}", "Correct it.")
        for item in plan.diagnostics
        if item.severity == "error"
    ]
    fix = "Undo the change that causes it; destroying data is for a person to do."
    findings += [Finding("plan", f"the plan would {what}", fix) for what in destructive(plan.actions)]
    if not plan.ok and not findings:
        findings.append(Finding("plan", "bundle plan failed", "Run it by hand to see why."))
    return findings


def pipelines_in(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the pipelines of a resolved configuration by key."""
    return dict((config.get("resources") or {}).get("pipelines") or {})


def bundle_evidence(config: dict[str, Any]) -> BundleEvidence:
    """Return what later steps need of a resolved configuration."""
    workspace = config.get("workspace") or {}
    root, files, state = (str(workspace.get(f"{name}_path") or "") for name in ("root", "file", "state"))
    return BundleEvidence(
        name=str((config.get("bundle") or {}).get("name") or ""),
        configuration=digest(config),
        pipelines={key: _settings(body, files) for key, body in pipelines_in(config).items()},
        variables=_plain_variables(config),
        mode=(config.get("bundle") or {}).get("mode"),
        sync_exclude=tuple((config.get("sync") or {}).get("exclude") or ()),
        root_path=root,
        file_path=files,
        state_path=state,
    )


def source_patterns(libraries: list[Any], file_path: str) -> tuple[str, ...]:
    """Return the sources that resolved `libraries` name, as gitignore patterns relative to the bundle's folder.

    `file_path` is the workspace folder that mirrors the bundle's.
    """
    patterns: list[str] = []
    for library in libraries:
        for kind in ("file", "notebook", "glob"):
            entry = library.get(kind) if isinstance(library, dict) else None
            if isinstance(entry, dict):
                named = str(entry.get("path") or entry.get("include") or "").removeprefix(file_path).lstrip("/")
                patterns += [f"/{named}", *([f"/{named}.*"] if kind == "notebook" else [])]
    return tuple(patterns)


def _settings(body: dict[str, Any], file_path: str) -> PipelineSettings:
    return PipelineSettings(
        name=str(body.get("name") or ""),
        catalog=str(body.get("catalog") or ""),
        schema=str(body.get("schema") or body.get("target") or ""),
        sources=source_patterns(body.get("libraries") or [], file_path),
    )


def _fields(config: dict[str, Any], plan: DeploymentPlan | None) -> BundleFields:
    changed = plan.changes if plan else {}
    names: dict[str, list[str]] = {}
    for key, action in sorted(changed.items()):
        names.setdefault(action, []).append(key)
    pipelines = [PipelineRow(key=key, name=str(body.get("name", ""))) for key, body in pipelines_in(config).items()]
    return BundleFields(plan=PlanRow(counts=Counter(changed.values()), names=names), pipelines=pipelines)


def _plain_variables(config: dict[str, Any]) -> dict[str, str]:
    """Return the bundle's variables that have a simple value."""
    given = config.get("variables") or {}
    values = {name: body.get("value") for name, body in given.items() if isinstance(body, dict)}
    return {name: str(value) for name, value in values.items() if isinstance(value, str | int | float)}


TOOL = Tool(
    name="validate_bundle",
    title="Validate the bundle",
    description="Validate the bundle for the run's target and plan the deployment; warnings count as failures, a plan "
    "that deletes or recreates is refused. The evidence is bound to the files as they are: an edit closes the gates.",
    arguments=Arguments,
    fields=BundleFields,
    run=validate_bundle,
    kind="read",
    gate=Gate.BUNDLE,
    opens_with=Gate.BUNDLE,
)

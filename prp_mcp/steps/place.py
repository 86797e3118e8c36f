"""Where a bundle would be deployed: never to another run's place, another target's, or another person's."""

from prp_mcp.code.bundle_yaml import BundleYaml
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Finding
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import BundleEvidence, EnvironmentEvidence


def place_findings(step: Step, bundle: BundleYaml, seen: BundleEvidence) -> list[Finding]:
    """Return why the resolved bundle `seen` may not be deployed where it says."""
    findings = moved_findings(first_deployed(step), seen)
    if seen.name != step.run.begun.bundle:
        fix = "Set the name back, or end this run and call load_prp for the other bundle."
        text = f"the bundle is called {seen.name!r}, the run is of {step.run.begun.bundle!r}"
        findings.append(Finding("databricks.yml", text, fix))
    if step.run.target in step.settings.grants.targets:
        return findings
    environment = step.run.seen(EnvironmentEvidence, Verdict.PASSED)
    return [
        *findings,
        *home_findings(seen.root_path, environment.identity if environment else ""),
        *shared_findings(seen, step.run.target, bundle),
    ]


def first_deployed(step: Step) -> BundleEvidence | None:
    """Return what the bundle resolved to when the run first deployed it, or None."""
    if not step.run.deployments:
        return None
    since = step.run.deployments[0].seq
    passed = [item for item in step.run.gates if item.gate is Gate.BUNDLE and item.verdict is Verdict.PASSED]
    before = [item.seen(BundleEvidence) for item in passed if item.seq < since]
    return before[-1] if before else None


def moved_findings(first: BundleEvidence | None, seen: BundleEvidence) -> list[Finding]:
    """Return what would make a run that has deployed go on at another place, where its rollback would not look."""
    if first is None:
        return []
    fix = "Set it back; to deploy elsewhere roll this run back first."
    return [
        Finding("databricks.yml", f"{what} was {old!r} when this run deployed, and is {new!r} now", fix)
        for what, old, new in (
            ("the mode", first.mode, seen.mode),
            ("the root path", first.root_path, seen.root_path),
            ("the file path", first.file_path, seen.file_path),
            ("the state path", first.state_path, seen.state_path),
        )
        if old != new
    ]


def home_findings(root: str, identity: str) -> list[Finding]:
    """Return that `root` lies outside the home of `identity`, if it does: what others see and use is for a grant."""
    homes = (f"/Workspace/Users/{identity}/", f"/Users/{identity}/")
    if identity and f"{root}/".startswith(homes) and ".." not in root.split("/"):
        return []
    fix = "Remove workspace.root_path, or ask a person to grant the target (PRP_MCP_ALLOW_TARGETS)."
    return [Finding("databricks.yml", f"it would be deployed to {root!r}, outside the home of {identity!r}", fix)]


def shared_findings(seen: BundleEvidence, target: str, bundle: BundleYaml) -> list[Finding]:
    """Return the other targets that are deployed to the same place."""
    fix = f"Give target {target!r} a root path of its own."
    return [
        Finding("databricks.yml", f"target {other!r} is deployed to the same place, {seen.root_path!r}", fix)
        for other, root in bundle.roots.items()
        if other != target and _filled(root, seen.name, other) == seen.root_path
    ]


def _filled(root: str, name: str, target: str) -> str:
    return root.replace("${bundle.name}", name).replace("${bundle.target}", target).rstrip("/")

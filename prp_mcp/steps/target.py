"""Whether a run may use its target and host, as policy and grants say."""

from prp_mcp.code.bundle_yaml import BundleYaml
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Finding
from prp_mcp.gates.policy import foreign, target_trouble
from prp_mcp.repo.git import lines


def target_findings(step: Step, bundle: BundleYaml) -> list[Finding]:
    """Return why the run's target or host may not be used for `bundle`."""
    grants, host = step.settings.grants, step.present.credentials.host
    findings = []
    if trouble := target_trouble(step.run.target, bundle.targets, grants.targets):
        fix = "Ask a person to grant it (PRP_MCP_ALLOW_TARGETS), or use a development target."
        findings.append(Finding("databricks.yml", trouble, fix))
    hosts = [found.rstrip("/").lower() for found in bundle.hosts if "${" not in found]
    if others := [found for found in hosts if found != host]:
        fix = f"Use credentials for that host, or remove workspace.host; the credentials are for {host}."
        findings.append(Finding("databricks.yml", f"the bundle names another host: {lines(others)}", fix))
    if denied := foreign([host], grants.hosts):
        findings.append(Finding("host", f"{lines(denied)} is not among the granted hosts", "Use a granted host."))
    return findings

"""The checks of a configuration that are no matter of types: identities, modes, where a bundle may live."""

import re

from prp_mcp.local.bundle.bundle import User, entries, resources
from prp_mcp.local.bundle.diagnostics import BundleError, Findings
from prp_mcp.local.bundle.located import Node

IDENTITIES = ("user_name", "service_principal_name")
_CONSTRAINT = re.compile(r"\s*(?:>=|<=|[<>=~^])?\s*\d+\.\d+\.\d+\S*(?:\s*,?\s*(?:>=|<=|[<>=])\s*\d+\.\d+\.\d+\S*)*\s*")


def early(config: Node, findings: Findings) -> None:
    """Check what needs no workspace. Raises BundleError."""
    constraint = config.text("bundle", "databricks_cli_version")
    if constraint and not _CONSTRAINT.fullmatch(constraint):
        raise BundleError(
            f'invalid version constraint "{constraint}" specified. Please specify the version constraint in the '
            "format (>=) 0.0.0(, <= 1.0.0)"
        )
    run_as = config.get("run_as")
    if run_as is not None and run_as.value is not None:
        given = [name for name in IDENTITIES if run_as.get(name) is not None]
        if len(given) > 1:
            raise BundleError("run_as section cannot specify both user_name and service_principal_name", at=run_as.at)
        if not given:
            raise BundleError(
                "run_as section must specify exactly one identity. Neither service_principal_name nor user_name is "
                "specified",
                at=run_as.at,
            )
    engine = config.get("bundle", "engine")
    if engine is not None and engine.value == "terraform":
        findings.warn(
            "the terraform deployment engine is deprecated and will stop working in a future version of the CLI",
            at=engine.at,
            detail="The local bundle executable deploys directly, whatever is set here.",
        )


def is_rooted(config: Node) -> bool:
    """Return whether the bundle itself says where it lives, before the default fills that in."""
    root = config.get("workspace", "root_path")
    return root is not None and bool(root.value)


def late(config: Node, user: User, rooted: bool, findings: Findings) -> None:
    """Check the resolved configuration against its mode. Raises BundleError."""
    if config.text("bundle", "mode") == "development":
        _development(config, user)
    if config.text("bundle", "mode") == "production":
        _production(config, user, rooted, findings)
    root = config.text("workspace", "root_path")
    if root.startswith("/Workspace/Shared/") and not _shared_with_all(config):
        findings.warn(
            f"the bundle root path {root} is writable by all workspace users",
            detail="The bundle is configured to use /Workspace/Shared, which will give read/write access to all users. "
            "If this is intentional, add CAN_MANAGE for 'group_name: users' permission to your bundle configuration. "
            "If the deployment should be restricted, move it to a restricted folder such as "
            "/Workspace/Users/<username or principal name>.",
        )


def _development(config: Node, user: User) -> None:
    for name in ("root_path", "file_path", "artifact_path", "state_path"):
        if _names_user(user, config.text("workspace", name)):
            continue
        how = "must start with '~/' or contain the current username"
        if name != "root_path":
            how = "should contain the current username or ${workspace.current_user.short_name}"
        raise BundleError(f"{name} {how} to ensure uniqueness when using 'mode: development'")
    prefix = config.text("presets", "name_prefix")
    if not _names_user(user, prefix):
        raise BundleError(
            "prefix should contain the current username or ${workspace.current_user.short_name} to ensure uniqueness "
            "when using 'mode: development'"
        )


def _names_user(user: User, text: str) -> bool:
    return user.name in text or user.short_name in text


def _production(config: Node, user: User, rooted: bool, findings: Findings) -> None:
    for _, _, pipeline in resources(config, "pipelines"):
        development = pipeline.get("development")
        if development is not None and development.value is True:
            raise BundleError("target with 'mode: production' cannot include a pipeline with 'development: true'")
    permissions = entries(config, "permissions")
    if permissions and not _includes_deployer(permissions, user):
        findings.recommend(
            "permissions section should explicitly include the current deployment identity "
            f"'{user.name}' or one of its groups",
            detail="If it is not included, CAN_MANAGE permissions are only applied if the present identity is used to "
            "deploy.",
        )
    if rooted:
        return
    detail = (
        "A common practice is to use a username or principal name in this path, i.e. use\n\n  root_path: "
        f"/Workspace/Users/{user.name}/.bundle/${{bundle.name}}/${{bundle.target}}"
    )
    ending = "set 'workspace.root_path' to make sure only one copy is deployed"
    if any(job.get("run_as") is None for _, _, job in resources(config, "jobs")):
        raise BundleError(f"target with 'mode: production' must {ending}", detail=detail)
    findings.recommend(f"target with 'mode: production' should {ending}", detail=detail)


def _includes_deployer(permissions: list[Node], user: User) -> bool:
    groups = {str(group.get("display")) for group in user.told.get("groups") or []}
    return any(entry.text("user_name") == user.name or entry.text("group_name") in groups for entry in permissions)


def _shared_with_all(config: Node) -> bool:
    return any(
        entry.text("group_name") == "users" and entry.text("level") == "CAN_MANAGE"
        for entry in entries(config, "permissions")
    )

"""The commands of the executable: each takes what was asked, and returns the exit code.

A command imports what only it needs when it is called: most calls are `validate`, and most of a call is imports.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from prp_mcp.local.bundle import sync
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.initialise import Options, initialise, shown
from prp_mcp.local.bundle.terminal import as_json, say, write, write_json

URLS = {
    "pipelines": "pipelines/{id}",
    "jobs": "jobs/{id}",
    "schemas": "explore/data/{path}",
    "volumes": "explore/data/volumes/{path}",
}


def validate(options: Options, asked: argparse.Namespace) -> int:
    """Check the bundle; errors and, with --strict, warnings make it 1. The configuration is printed anyway."""
    bundle, failure = initialise(Path.cwd(), options)
    try:
        if failure is None:
            _ensure_folder(bundle)
            sync.warn_unmatched(bundle)
    except BundleError as wrong:
        failure = wrong
    _say_findings(bundle)
    if failure is not None:
        say(failure.diagnostic.text().removesuffix("\n"))
    warnings = bundle.findings.count("Warning")
    strict = failure is None and asked.strict and warnings > 0
    if strict:
        were = "1 warning was" if warnings == 1 else f"{warnings} warnings were"
        say(f"Error: {were} found. Warnings are not allowed in strict mode\n")
    errors = int(failure is not None or strict)
    if asked.output == "json":
        write_json(shown(bundle))
    else:
        write(_overview(bundle) + _verdict(bundle, errors) + "\n")
    return errors


def show_plan(options: Options, asked: argparse.Namespace) -> int:
    """Print what a deploy would do. Writes nothing anywhere."""
    from prp_mcp.local.bundle import graph, plan, state

    bundle = _ready(options)
    made = plan.make(bundle, graph.build(bundle), state.load(bundle))
    if asked.output == "json":
        write(as_json(made.document(), sort=False) + "\n")
        return 0
    lines = [f"{step.action} {step.node.removeprefix('resources.')}" for step in made.steps if step.action != "skip"]
    if lines:
        write("\n".join(sorted(lines, key=lambda line: line.split(" ")[1])) + "\n\n")
    added, changed = made.count("create", "recreate"), made.count("update")
    deleted, kept = made.count("delete", "recreate"), made.count("skip")
    write(f"Plan: {added} to add, {changed} to change, {deleted} to delete, {kept} unchanged\n")
    return 0


def deploy(options: Options, asked: argparse.Namespace) -> int:
    """Deploy the bundle."""
    from prp_mcp.local.bundle import graph
    from prp_mcp.local.bundle.deploy import Wishes
    from prp_mcp.local.bundle.deploy import deploy as carry_out

    bundle = _ready(options)
    wishes = Wishes(
        Path(asked.plan) if asked.plan else None,
        asked.auto_approve,
        asked.force,
        asked.force_lock,
        asked.fail_on_active_runs,
    )
    carry_out(bundle, graph.build(bundle), wishes)
    return 0


def destroy(options: Options, asked: argparse.Namespace) -> int:
    """Destroy the bundle's deployment."""
    from prp_mcp.local.bundle.destroy import destroy as carry_out

    carry_out(_ready(options), approved=asked.auto_approve, force_lock=asked.force_lock)
    return 0


def summary(options: Options, asked: argparse.Namespace) -> int:
    """Print the configuration with the ids of what is deployed, from the local state unless --force-pull."""
    from prp_mcp.local.bundle import state

    bundle = _ready(options)
    known = state.load(bundle, remote=asked.force_pull)
    for kind, key, resource in bundle.resources():
        identity = known.id_of(f"resources.{kind}.{key}")
        if identity:
            where = URLS[kind].format(id=identity, path=identity.replace(".", "/"))
            resource.put("id", identity)
            resource.put("url", f"{bundle.api.host}/{where}?w={bundle.workspace_id}")
    if asked.output == "json":
        write_json(shown(bundle))
        return 0
    write(_overview(bundle, host=True).rstrip("\n") + "\n" + _listing(bundle))
    return 0


COMMANDS: dict[str, Callable[[Options, argparse.Namespace], int]] = {
    "validate": validate,
    "plan": show_plan,
    "deploy": deploy,
    "summary": summary,
    "destroy": destroy,
}


def _ready(options: Options) -> Bundle:
    bundle, failure = initialise(Path.cwd(), options)
    _say_findings(bundle)
    if failure is not None:
        raise failure
    return bundle


def _say_findings(bundle: Bundle) -> None:
    for finding in bundle.findings.found:
        say(finding.text().removesuffix("\n"))


def _ensure_folder(bundle: Bundle) -> None:
    """Create the files folder if it is absent, as the CLI's validate does (measured with 1.14)."""
    path = bundle.path("file_path")
    if bundle.api.found("GET", "/api/2.0/workspace/get-status", path=path) is None:
        bundle.api.make_folder(path)


def _overview(bundle: Bundle, *, host: bool = False) -> str:
    lines = [f"Name: {bundle.name}"] if bundle.name else []
    lines += [f"Target: {bundle.target}"] if bundle.target and bundle.name else []
    root = bundle.path("root_path")
    if bundle.user.name and root:
        lines.append("Workspace:")
        lines += [f"  Host: {bundle.api.host}"] if host else []
        lines += [f"  User: {bundle.user.name}", f"  Path: {root}"]
    return "\n".join([*lines, "", ""]) if lines else ""


def _verdict(bundle: Bundle, errors: int) -> str:
    counts = (
        (errors, "error"),
        (bundle.findings.count("Warning"), "warning"),
        (bundle.findings.count("Recommendation"), "recommendation"),
    )
    words = [f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count]
    if not words:
        return "Validation OK!"
    return "Found " + (" and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0])


def _listing(bundle: Bundle) -> str:
    lines = ["Resources:"]
    kind_before = ""
    for kind, key, resource in bundle.resources():
        if kind != kind_before:
            lines.append(f"  {kind.title()}:")
            kind_before = kind
        url = resource.text("url") or "(not deployed)"
        lines += [f"    {key}:", f"      Name: {resource.text('name')}", f"      URL:  {url}"]
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""

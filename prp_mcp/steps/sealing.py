"""What the bundle executable would read past the checked files: links that lead away, and overrides of its own."""

import os
import posixpath

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Finding
from prp_mcp.repo.snapshot import Snapshot

LINK = "120000"
OVERRIDES = ".databricks/bundle/{target}/variable-overrides.json"


def sealing_findings(step: Step) -> list[Finding]:
    """Return what in the bundle's folder would make the executable read something else than its files."""
    found = link_findings(step.snapshot, step.present.prefix)
    overrides = OVERRIDES.format(target=step.run.target)
    if os.path.lexists(step.present.root / overrides):
        fix = "Remove the file; set the values as BUNDLE_VAR_NAME variables, or as defaults in the bundle."
        found.append(Finding(overrides, "variables set here are neither checked nor deployed", fix))
    return found


def link_findings(snapshot: Snapshot, prefix: str) -> list[Finding]:
    """Return the links below the bundle's folder (`prefix`, ending in a slash or empty) that lead out of it."""
    links = [file.path for file in snapshot.tree.files if file.mode == LINK and file.path.startswith(prefix)]
    fix = "Replace the link by the file, inside the bundle's folder."
    return [
        Finding(path, f"the link leads out of the bundle's folder, to {target!r}", fix)
        for path in links
        if _leads_out(path, target := os.readlink(snapshot.files / path), prefix)
    ]


def _leads_out(path: str, target: str, prefix: str) -> bool:
    # Judged by the text: a target that is itself below a link is refused with that link, or leads nowhere else.
    ends = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return target.startswith("/") or ends.startswith("../") or ends == ".." or not f"{ends}/".startswith(prefix)

"""`bundle destroy`: delete what was deployed, its files and its state."""

from prp_mcp.local.bundle import lock, state
from prp_mcp.local.bundle.api import ApiError
from prp_mcp.local.bundle.apply import delete
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.kinds import kind_of
from prp_mcp.local.bundle.plan import deletion_order
from prp_mcp.local.bundle.terminal import say

LOSSES = {
    "schemas": "This action will result in the deletion of the following UC schemas. Any underlying data may be lost:",
    "volumes": "This action will result in the deletion of the following volumes.\nFor managed volumes, the files "
    "stored in the volume are also deleted from your\ncloud tenant within 30 days. For external volumes, the metadata "
    "about the volume\nis removed from the catalog, but the underlying files are not deleted:",
    "pipelines": "This action will result in the deletion of the following Lakeflow Spark Declarative Pipelines along "
    "with the\nStreaming Tables (STs) and Materialized Views (MVs) managed by them. Set 'cascade_on_destroy: false' "
    "on a pipeline to retain datasets on pipeline deletion:",
}


def destroy(bundle: Bundle, *, approved: bool, force_lock: bool) -> None:
    """Delete everything. Raises BundleError.

    A resource that may not be deleted is only warned about, as by CLI 1.14 (measured).
    """
    if not approved:
        raise BundleError(
            "this command will destroy all resources deployed by this bundle, and the current console does not support "
            "prompting. To proceed, use --auto-approve."
        )
    root = bundle.path("root_path")
    if bundle.api.found("GET", "/api/2.0/workspace/get-status", path=root) is None:
        say("No active deployment found to destroy!")
        return
    with lock.held(bundle, force=force_lock):
        known = state.load(bundle)
        nodes = [node for node in known.resources if node.count(".") == 2]
        _announce(bundle, sorted(nodes), root)
        deleted = 0
        for node in sorted(nodes, key=deletion_order):
            deleted += _delete(bundle, known, node)
        bundle.api.delete(root, recursive=True)
        state.forget(bundle)
    say(f"Destroy: {deleted} deleted")


def _delete(bundle: Bundle, known: state.State, node: str) -> bool:
    try:
        delete(bundle, known, node)
    except ApiError as refused:
        if refused.status != 403:
            raise
        say(f"Warn: cannot delete {node}: {refused.diagnostic.summary}. Ignoring permission error")
        return False
    del known.resources[node]
    state.note(bundle, known)
    return True


def _announce(bundle: Bundle, nodes: list[str], root: str) -> None:
    protected = [
        f"resources.{kind}.{key}"
        for kind, key, resource in bundle.resources()
        if (flag := resource.get("lifecycle", "prevent_destroy")) is not None and flag.value is True
    ]
    for node in nodes:
        if node in protected:
            raise BundleError(
                f"{node} has lifecycle.prevent_destroy set, but the plan calls for this resource to be recreated or "
                "destroyed. To avoid this error, disable lifecycle.prevent_destroy."
            )
    if nodes:
        say("\n".join(["The following resources will be deleted:", *(f"  delete {node}" for node in nodes)]) + "\n")
    for name, text in LOSSES.items():
        lines = [f"  delete {node}" for node in nodes if kind_of(node).name == name]
        if lines:
            say("\n".join([text, *lines]) + "\n")
    say(f"All files and directories at the following location will be deleted: {root}\n")

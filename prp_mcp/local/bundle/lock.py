"""The deployment lock: a file in the workspace that one deployment can create."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from prp_mcp import clock
from prp_mcp.local.bundle.api import ApiError
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError


@contextmanager
def held(bundle: Bundle, *, force: bool) -> Iterator[None]:
    """Hold the lock of the target, if it takes one. Raises BundleError while another deployment holds it.

    Like the CLI's (measured with 1.14: it heeds no signal) it outlives a killed process; `force` takes it over.
    """
    if not bundle.locked:
        yield
        return
    path = f"{bundle.path('state_path')}/deploy.lock"
    content = {"ID": str(uuid.uuid4()), "AcquisitionTime": clock.now(), "IsForced": force, "User": bundle.user.name}
    try:
        bundle.api.upload(path, json.dumps(content).encode(), overwrite=force)
    except ApiError as refused:
        if refused.status != 409:
            raise
        raise _taken(bundle, path) from refused
    try:
        yield
    finally:
        _release(bundle, path, content["ID"])


def _release(bundle: Bundle, path: str, identity: object) -> None:
    found = bundle.api.download(path)
    if found is None:
        # Destroying the bundle takes the lock away with its folder.
        return
    if json.loads(found).get("ID") == identity:
        bundle.api.delete(path)


def _taken(bundle: Bundle, path: str) -> BundleError:
    found = bundle.api.download(path)
    try:
        holder = json.loads(found or b"{}")
    except ValueError:
        holder = {}
    return BundleError(
        f"Failed to acquire deployment lock: deploy lock acquired by {holder.get('User', 'somebody')} at "
        f"{holder.get('AcquisitionTime', 'an unknown time')}. Another deployment may be in progress. "
        "Use --force-lock to override it."
    )

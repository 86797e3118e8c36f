"""What is known of the values a PRP names only in angle brackets: from the bundle, this run, the policy, the user."""

import re
from collections.abc import Mapping
from typing import Any

from prp_mcp.engine.step import Step
from prp_mcp.gates.order import Gate
from prp_mcp.journal.evidence import BundleEvidence, DeploymentEvidence, ExecutionEvidence
from prp_mcp.journal.runs import Update

_PLAIN = re.compile(r"[\w.@/:+][\w.@/:+-]{0,199}", re.ASCII)
_TARGET_NAMES = ("target", "env", "environment", "sdlc_env")
_HOST_NAMES = ("host", "workspace_host", "workspace_url", "databricks_host")


def known_values(step: Step) -> dict[str, str]:
    """Return every binding that has one certain value now, by its name in lower case.

    Facts win over the policy, and what an update wrote over what the bundle says. What differs between the bundle's
    pipelines is known only under the pipeline's key (`orders_pipeline_id`).
    A value that is no plain word is left out: it could change the command it is put into.
    """
    standing = step.standing
    found: dict[str, Any] = dict(step.present.policy.validation.bindings)
    found |= dict.fromkeys(_TARGET_NAMES, step.run.target)
    found |= dict.fromkeys(_HOST_NAMES, step.run.host)
    found |= dict.fromkeys(("bundle", "bundle_name"), step.run.begun.bundle)
    if standing.holds(Gate.BUNDLE) and (bundle := step.run.bundle):
        found |= _of_bundle(bundle)
    if standing.holds(Gate.DEPLOYMENT) and (deployment := step.run.deployment):
        found |= _of_deployment(deployment)
    execution = step.run.execution if standing.holds(Gate.EXECUTION) else None
    found |= _of_updates(step.run.updates, execution or ExecutionEvidence())
    if warehouse := step.present.credentials.warehouse:
        found["warehouse_id"] = warehouse
    return {name.lower(): str(value) for name, value in found.items() if value and _PLAIN.fullmatch(str(value))}


def _of_bundle(bundle: BundleEvidence) -> dict[str, Any]:
    """Return variables, and the catalog and schema all pipelines share, as far as `validate_bundle` resolved them."""
    pipelines = bundle.pipelines.values()
    catalogs, schemas = {item.catalog for item in pipelines}, {item.schema for item in pipelines}
    return {**bundle.variables, **_certain({"catalog": catalogs, "schema": schemas})}


def _of_deployment(deployment: DeploymentEvidence) -> dict[str, Any]:
    """Return the ids and names of what is deployed: by resource key, and alone when it is the only one of its type."""
    found: dict[str, Any] = {}
    for kind, one in (("pipelines", "pipeline"), ("jobs", "job")):
        mine = [item for item in deployment.resources if item.type == kind]
        for item in mine:
            found |= {f"{item.key}_id": item.id, f"{item.key}_{one}_id": item.id}
        if len(mine) == 1:
            found |= {f"{one}_id": mine[0].id, f"{one}_name": mine[0].name, f"{one}_key": mine[0].key}
    return found


def _of_updates(updates: Mapping[str, Update], execution: ExecutionEvidence) -> dict[str, Any]:
    """Return the updates' ids, and the catalog and schema that everything they wrote lies in."""
    found: dict[str, Any] = {f"{key}_update_id": update.id for key, update in updates.items()}
    if len(updates) == 1:
        found["update_id"] = next(iter(updates.values())).id
    names = [item.name.split(".") for update in execution.updates for item in update.datasets]
    full = [parts for parts in names if len(parts) == 3]
    return found | _certain({"catalog": {parts[0] for parts in full}, "schema": {parts[1] for parts in full}})


def _certain(shared: Mapping[str, set[Any]]) -> dict[str, Any]:
    """Return the names that have one value, each under its plain name and as `catalog_name` and the like."""
    certain = {name: next(iter(values)) for name, values in shared.items() if len(values) == 1}
    return certain | {f"{name}_name": value for name, value in certain.items()}

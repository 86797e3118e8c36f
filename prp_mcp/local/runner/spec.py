"""Read the JSON object that describes one update."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prp_mcp.errors import UsageError


@dataclass(frozen=True)
class Spec:
    """One update of one pipeline; `settings` is the pipeline's definition as the workspace keeps it."""

    home: Path
    files_root: Path
    volumes_root: Path
    warehouse: Path
    user: str
    catalogs: tuple[str, ...]
    update_id: str
    pipeline_id: str
    pipeline_name: str
    settings: Mapping[str, Any]
    full_refresh: bool = False
    validate_only: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def catalog(self) -> str:
        """Return the catalog that the pipeline publishes to."""
        return str(self.settings["catalog"])

    @property
    def schema(self) -> str:
        """Return the schema that the pipeline publishes to; `target` is its old name."""
        return str(self.settings.get("schema") or self.settings.get("target"))

    @property
    def configuration(self) -> dict[str, str]:
        """Return the pipeline's configuration, an update's parameters on top."""
        merged = {**(self.settings.get("configuration") or {}), **self.parameters}
        return {str(name): str(value) for name, value in merged.items()}

    @property
    def checkpoints(self) -> Path:
        """Return the folder of what this pipeline's streams remember."""
        return self.home / "checkpoints" / self.pipeline_id


def read_spec(data: Mapping[str, Any]) -> Spec:
    """Return `data` as a Spec. Raises UsageError that names what is missing."""
    try:
        update, pipeline = data["update"], data["pipeline"]
        home = Path(data["home"]).resolve()
        return Spec(
            home=home,
            files_root=Path(data.get("files_root") or home / "files").resolve(),
            volumes_root=Path(data.get("volumes_root") or home / "volumes").resolve(),
            warehouse=Path(data.get("warehouse") or home / "warehouse").resolve(),
            user=str(data.get("user") or ""),
            catalogs=tuple(data.get("catalogs") or ()),
            update_id=str(update["update_id"]),
            pipeline_id=str(pipeline["pipeline_id"]),
            pipeline_name=str(pipeline.get("name") or pipeline["pipeline_id"]),
            settings=pipeline["spec"],
            full_refresh=bool(update.get("full_refresh")),
            validate_only=bool(update.get("validate_only")),
            refresh_selection=tuple(update.get("refresh_selection") or ()),
            full_refresh_selection=tuple(update.get("full_refresh_selection") or ()),
            parameters=dict(update.get("parameters") or {}),
        )
    except KeyError as missing:
        raise UsageError(
            f"The description of the update is missing {missing.args[0]!r}.",
            remedy="Pass the JSON object that the local workspace passes.",
        ) from missing


def check_settings(spec: Spec) -> None:
    """Refuse a pipeline that has nowhere to publish to, or asks for what the local workspace does not do."""
    if not spec.settings.get("catalog"):
        raise UsageError(
            f"The pipeline {spec.pipeline_name!r} has no `catalog`.",
            remedy="Set `catalog` in the pipeline's definition; the local workspace has no hive_metastore.",
        )
    if not (spec.settings.get("schema") or spec.settings.get("target")):
        raise UsageError(
            f"The pipeline {spec.pipeline_name!r} has no `schema`.",
            remedy="Set `schema` in the pipeline's definition.",
        )
    if spec.catalog not in spec.catalogs:
        raise UsageError(
            f"The catalog {spec.catalog!r} does not exist; this workspace has {sorted(spec.catalogs)!r}.",
            remedy="Create the catalog, or change `catalog` in the pipeline's definition.",
        )
    if spec.settings.get("continuous"):
        raise UsageError(
            "The local workspace does not run continuous pipelines.",
            remedy="Set `continuous: false` for this target.",
        )

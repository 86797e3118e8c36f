"""Change data capture: what `create_auto_cdc_flow` asks for, applied to a table with MERGE."""

from dataclasses import dataclass, field
from typing import Any

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Name


@dataclass(frozen=True)
class Change:
    """How the records of a change feed become rows of the target; SCD type 1."""

    target: Name
    source: str
    keys: tuple[str, ...]
    sequence_by: Any
    deletes: Any = None
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    ignore_nulls: bool = False
    flow_name: str | None = None
    location: str = ""
    extras: dict[str, Any] = field(default_factory=dict)


def read_change(target: Name, source: str, named: dict[str, Any], location: str) -> Change:
    """Return the arguments of a CDC flow as a Change. Raises PipelineError for what is not offered."""
    scd = str(named.pop("stored_as_scd_type", 1))
    if scd != "1":
        raise PipelineError(
            f"The local workspace stores changes as SCD type 1 only, got {scd!r} for {target.table!r}.",
            remedy="Use stored_as_scd_type=1, or run this pipeline on Databricks.",
            location=location,
        )
    change = Change(
        target,
        source,
        tuple(_column(one) for one in named.pop("keys")),
        named.pop("sequence_by"),
        named.pop("apply_as_deletes", None),
        tuple(_column(one) for one in named.pop("column_list", None) or ()),
        tuple(_column(one) for one in named.pop("except_column_list", None) or ()),
        bool(named.pop("ignore_null_updates", False)),
        named.pop("flow_name", None) or named.pop("name", None),
        location,
    )
    for argument, value in named.items():
        if value is not None:
            raise PipelineError(
                f"The local workspace does not know the argument {argument!r} of a CDC flow.",
                remedy="Remove it, or run this pipeline on Databricks.",
                location=location,
            )
    return change


def _column(given: Any) -> str:
    """Return the name of a column given as text or as `col("name")`."""
    return given if isinstance(given, str) else str(given._jc.toString()).strip("`")

"""What a pipeline's sources declare: datasets, flows, expectations, and their names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from prp_mcp.errors import UsageError
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.sqltext import quoted


class Action(StrEnum):
    """What happens to a record that violates an expectation."""

    WARN = "warn"
    DROP = "drop"
    FAIL = "fail"


class Name(NamedTuple):
    """A three-level name."""

    catalog: str
    schema: str
    table: str

    @property
    def dotted(self) -> str:
        """Return the name as people write it."""
        return ".".join(self)

    @property
    def quoted(self) -> str:
        """Return the name as Spark SQL reads it whatever its letters."""
        return quoted(*self)


@dataclass(frozen=True)
class Expectation:
    """A condition on a record, as SQL text or as a Spark column."""

    name: str
    condition: Any
    action: Action


@dataclass
class Flow:
    """A query that writes to a dataset; `function` makes its data frame."""

    name: str
    target: Name
    function: Callable[[], Any]
    location: str
    once: bool = False


@dataclass
class Dataset:
    """A table or view of the pipeline; `location` is `path:line` of its declaration."""

    name: Name
    kind: Kind
    location: str
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    schema: Any = None
    partitions: list[str] = field(default_factory=list)
    private: bool = False
    column_comments: dict[str, str] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)


class Graph:
    """The datasets of one pipeline by name; names are compared without regard to case, as Spark does."""

    def __init__(self, catalog: str, schema: str):
        self.catalog = catalog
        self.schema = schema
        self._datasets: dict[tuple[str, ...], Dataset] = {}

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._datasets.values())

    def __len__(self) -> int:
        return len(self._datasets)

    def full(self, written: str) -> Name:
        """Return the three-level name of `written`: one, two or three parts, `LIVE.` in front allowed."""
        parts = split_name(written)
        if parts[0].upper() == "LIVE" and len(parts) > 1:
            parts = parts[1:]
        if not 1 <= len(parts) <= 3 or not all(parts):
            raise UsageError(
                f"{written!r} is not the name of a table.", remedy="Write catalog.schema.table, or fewer parts."
            )
        return Name(*([self.catalog, self.schema][: 3 - len(parts)] + parts))

    def find(self, written: str) -> Dataset | None:
        """Return the dataset that `written` names, or None."""
        return self._datasets.get(_key(self.full(written)))

    def add(self, dataset: Dataset) -> Dataset:
        """Take a dataset in. Raises UsageError when its name is taken."""
        before = self._datasets.get(_key(dataset.name))
        if before is not None:
            raise UsageError(
                f"The dataset {dataset.name.table!r} is defined twice: at {before.location} and {dataset.location}.",
                remedy="Rename or remove one of the two.",
                location=dataset.location,
            )
        self._datasets[_key(dataset.name)] = dataset
        return dataset


def split_name(written: str) -> list[str]:
    """Return the parts of a dotted name; back quotes protect dots."""
    parts, part, quoted = [], "", False
    for letter in written.strip():
        if letter == "`":
            quoted = not quoted
        elif letter == "." and not quoted:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [*parts, part]


def _key(name: Name) -> tuple[str, ...]:
    return tuple(part.lower() for part in name)

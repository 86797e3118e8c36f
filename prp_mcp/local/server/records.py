"""What the workspace keeps: a kind of document each, and the record that one of that kind is.

Fields are those of the REST API, which answers most records as they are.
"""

from dataclasses import dataclass
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

Json = dict[str, Any]
"""A JSON object that is kept or handed on as it came: the API's own, or the user's."""

Record = TypeVar("Record")


@dataclass(frozen=True)
class Kind(Generic[Record]):
    """A kind of document, by the name under which the store keeps it."""

    name: str


class Started(TypedDict):
    """When the workspace was made."""

    at: int


class Securable(TypedDict):
    """What catalogs, schemas, volumes and tables have in common; times are milliseconds since the epoch."""

    name: str
    full_name: str
    owner: str
    metastore_id: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    comment: NotRequired[str]
    properties: NotRequired[Json]
    enable_predictive_optimization: NotRequired[str]


class Catalog(Securable):
    """A catalog of Unity Catalog."""

    catalog_type: str
    isolation_mode: str


class Schema(Securable):
    """A schema of a catalog."""

    catalog_name: str
    catalog_type: str
    schema_id: str
    browse_only: bool


class Volume(Securable):
    """A managed volume."""

    catalog_name: str
    schema_name: str
    volume_type: str
    volume_id: str
    storage_location: str


class Table(Securable):
    """A table as an update published it."""

    catalog_name: str
    schema_name: str
    table_type: str
    table_id: str
    data_source_format: str
    pipeline_id: str
    columns: list[Json]


class Pipeline(TypedDict):
    """A pipeline; `spec` is what the user gave."""

    pipeline_id: str
    name: str
    spec: Json
    run_as: Json | None
    parameters: Json | None
    creator_user_name: str
    run_as_user_name: str
    last_modified: int


class RunnerProcess(TypedDict):
    """The process that runs an update."""

    pid: int
    created: float


class Update(TypedDict):
    """An update of a pipeline; `created` is `creation_time` as ISO 8601."""

    pipeline_id: str
    update_id: str
    state: str
    cause: str
    creation_time: int
    created: str
    config: Json
    full_refresh: bool
    validate_only: bool
    refresh_selection: list[str]
    full_refresh_selection: list[str]
    parameters: Json
    runner: NotRequired[RunnerProcess]


class LatestUpdate(TypedDict):
    """What a pipeline shows of one of its last updates."""

    update_id: str
    state: str
    creation_time: str


class AccessList(TypedDict):
    """Who may do what with an object; `entries` name a principal and a `permission_level`."""

    owner: str
    entries: list[dict[str, str]]


class Job(TypedDict):
    """A job; `settings` are what the user gave."""

    job_id: int
    settings: Json
    created_time: int
    creator_user_name: str
    run_as_user_name: str


class RunState(TypedDict):
    """How far a run or a task of it is."""

    life_cycle_state: str
    result_state: NotRequired[str]
    state_message: NotRequired[str]


class TaskRun(TypedDict):
    """One task of a run; `update_id` is there once its pipeline was started."""

    run_id: int
    task_key: str
    depends_on: list[dict[str, str]]
    pipeline_task: Json
    state: RunState
    update_id: NotRequired[str]


class Run(TypedDict):
    """A run of a job; `token` is the caller's, and never shown."""

    run_id: int
    job_id: int
    run_name: str
    creator_user_name: str
    start_time: int
    end_time: NotRequired[int]
    state: RunState
    tasks: list[TaskRun]
    token: str


class FileObject(TypedDict):
    """The number under which the API knows a file or folder."""

    number: int
    path: str
    owner: str
    at: int


class StatementState(TypedDict):
    """How far a SQL statement is."""

    state: str
    error: NotRequired[Json]


class Statement(TypedDict):
    """A SQL statement and, once it has one, its result; kept in memory only."""

    statement_id: str
    status: StatementState
    manifest: NotRequired[Json]
    result: NotRequired[Json]


STARTED = Kind[Started]("started")
CATALOGS = Kind[Catalog]("catalogs")
SCHEMAS = Kind[Schema]("schemas")
VOLUMES = Kind[Volume]("volumes")
TABLES = Kind[Table]("tables")
GRANTS = Kind[dict[str, list[str]]]("grants")
PERMISSIONS = Kind[AccessList]("permissions")
PIPELINES = Kind[Pipeline]("pipelines")
UPDATES = Kind[Update]("updates")
JOBS = Kind[Job]("jobs")
RUNS = Kind[Run]("runs")
OBJECTS = Kind[FileObject]("objects")

"""Run one update from its description to its terminal state."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import filelock

from prp_mcp.errors import BusyError, UsageError
from prp_mcp.local.runner import jvm, session, sources, sqlsource
from prp_mcp.local.runner.autoloader import AutoLoader
from prp_mcp.local.runner.channel import Channel
from prp_mcp.local.runner.fault import Fault, describe
from prp_mcp.local.runner.flows import FlowRunner
from prp_mcp.local.runner.graph import Graph, Name
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.planning import Planned, Planner
from prp_mcp.local.runner.reading import Reader
from prp_mcp.local.runner.spec import Spec, check_settings
from prp_mcp.local.runner.sqltext import quoted
from prp_mcp.local.runner.surface import Surface
from prp_mcp.local.runner.writing import Writer

CANCEL_POLL_SECONDS = 0.2


class Update:
    """One update: `run` takes it to COMPLETED or FAILED; `cancel`, from any thread, to CANCELED."""

    def __init__(self, spec: Spec, channel: Channel):
        self._spec = spec
        self._channel = channel
        self._paths = Paths(spec.files_root, spec.volumes_root)
        self._spark: Any = None
        self._idle = threading.Event()

    def run(self) -> None:
        """Run the update; every outcome is reported on the channel, the terminal state last."""
        try:
            self._reported()
        finally:
            self._idle.set()

    def _reported(self) -> None:
        spec = self._spec
        self._channel.event(
            "create_update",
            f"Update {spec.update_id[:6]} started by {spec.user or 'the workspace'}.",
            details={"create_update": {"full_refresh": spec.full_refresh, "validate_only": spec.validate_only}},
        )
        try:
            self._channel.state("INITIALIZING")
            check_settings(spec)
            with filelock.FileLock(spec.home / "update.lock", timeout=60):
                failure = self._run()
        except filelock.Timeout:
            failure = self._told(
                BusyError("Another update still runs in this workspace.", remedy="Wait for it, or stop it.")
            )
        except Exception as error:  # noqa: BLE001  # whatever user code or Spark raises ends as a told failure
            failure = self._told(error)
        if failure is None:
            self._channel.state("COMPLETED")
            return
        self._channel.failed(failure.summary, failure.as_error())

    def cancel(self) -> bool:
        """End the update's streams and jobs; return False when they do not end and the JVM must go."""
        self._channel.only_this_thread()
        while True:
            ended = self._spark is None or session.end_leftovers(self._spark, self._spec.update_id)
            # The thread that runs the update may be about to start another job: it is over when that thread is.
            if self._idle.wait(CANCEL_POLL_SECONDS):
                break
        self.canceled()
        return ended

    def canceled(self) -> None:
        """Report that the update is cancelled; whoever says so first has the last word."""
        self._channel.only_this_thread()
        self._channel.state("CANCELED")

    def _run(self) -> Fault | None:
        spec = self._spec
        self._attach()
        graph = Graph(spec.catalog, spec.schema)
        reader = self._load(graph)
        if not len(graph):
            raise UsageError(
                "The pipeline's sources do not declare any dataset.",
                remedy="Add a table or a view to one of the files of the pipeline's libraries.",
            )
        planner = Planner(graph, reader, spec.home / "tmp" / "empty")
        planned = planner.plan()
        if planner.errors:
            return self._planning_failed(planner)
        self._definitions(planned)
        if spec.validate_only:
            return None
        self._channel.state("SETTING_UP_TABLES")
        writer = Writer(self._spark, spec.checkpoints, lambda: self._spark.read)
        flows = FlowRunner(spec, self._channel, self._paths, reader, writer, planned)
        chosen = [*spec.refresh_selection, *spec.full_refresh_selection]
        flows.set_up(self._names(graph, chosen) if chosen else set(planned), self._reset(graph, planned))
        self._channel.state("RUNNING")
        return flows.run()

    def _attach(self) -> None:
        spec = self._spec
        up = jvm.started(spec.home)
        self._spark = session.attached(up, spec.home, spec.warehouse, spec.catalogs)
        latest = spec.home / "update.latest"
        before = latest.read_text() if latest.is_file() else None
        if not session.end_leftovers(self._spark, before):
            raise UsageError(
                "A stream of an earlier update does not end.", remedy="Stop the Spark JVM, then try again."
            )
        latest.write_text(spec.update_id)
        session.mark_jobs(self._spark, spec.update_id)
        self._spark._jsparkSession.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(spec.catalog, spec.schema)}")
        self._spark.catalog.setCurrentCatalog(spec.catalog)
        self._spark.catalog._jcatalog.setCurrentDatabase(spec.schema)
        for name, value in spec.configuration.items():
            self._spark.conf.set(name, value)

    def _load(self, graph: Graph) -> Reader:
        spec, paths = self._spec, self._paths
        state = None if spec.validate_only else spec.home / "schemas" / spec.pipeline_id
        loader = AutoLoader(self._spark, paths, state)
        reader = Reader(self._spark, graph, paths, loader)
        surface = Surface(graph, paths)
        surface.reader = reader
        found = sources.find_sources(spec.settings, paths)
        folders = sources.add_import_folders(spec.settings, found, paths)
        # Workers of Python functions are started by the JVM; this is how they find sibling modules.
        self._spark.sparkContext.environment["PYTHONPATH"] = ":".join(folders)
        surface.install()
        reader.install()
        paths.install()
        for source in found:
            if source.suffix == ".sql":
                sqlsource.load_sql(source, graph, reader, paths, spec.configuration)
            else:
                sources.load_python(source, {"spark": self._spark, "sc": self._spark.sparkContext}, paths)
        return reader

    def _reset(self, graph: Graph, planned: Mapping[Name, Planned]) -> set[Name]:
        wanted = set(planned) if self._spec.full_refresh else self._names(graph, self._spec.full_refresh_selection)
        return {
            name
            for name in wanted
            if planned[name].dataset.properties.get("pipelines.reset.allowed", "true").lower() != "false"
        }

    def _names(self, graph: Graph, written: Iterable[str]) -> set[Name]:
        found = set()
        for one in written:
            dataset = graph.find(one)
            if dataset is None:
                raise UsageError(
                    f"The selection names {one!r}, which is not a dataset of this pipeline.",
                    remedy="Name datasets of the pipeline to refresh.",
                )
            found.add(dataset.name)
        return found

    def _planning_failed(self, planner: Planner) -> Fault:
        faults = []
        for dataset, error in planner.errors:
            fault = describe(error, self._paths, otherwise=dataset.location)
            faults.append(fault)
            self._channel.event(
                "flow_progress",
                f"Failed to analyze flow '{dataset.name.dotted}'. {fault.summary}",
                level="ERROR",
                origin={"dataset_name": dataset.name.dotted, "flow_name": dataset.name.dotted},
                details={"flow_progress": {"status": "FAILED"}},
                error=fault.as_error(),
            )
        return faults[0]

    def _definitions(self, planned: Mapping[Name, Planned]) -> None:
        for one in planned.values():
            name = one.dataset.name.dotted
            details: dict[str, Any] = {
                "dataset_type": one.kind.name,
                "num_flows": len(one.dataset.flows),
                "schema": [{"name": f.name, "type": f.dataType.simpleString()} for f in one.schema.fields],
                "expectations": [
                    {"name": e.name, "action": e.action.value.upper(), "constraint": str(e.condition)}
                    for e in one.dataset.expectations
                ],
                "source_code_location": one.dataset.location,
            }
            self._channel.event(
                "dataset_definition",
                f"Dataset '{name}' defined as {one.kind.name}.",
                origin={"dataset_name": name},
                details={"dataset_definition": details},
            )
            for flow in one.dataset.flows:
                inputs = one.inputs[flow.name]
                self._channel.event(
                    "flow_definition",
                    f"Flow '{flow.name}' defined to write '{name}'.",
                    origin={"dataset_name": name, "flow_name": one.flow_name(flow)},
                    details={
                        "flow_definition": {
                            "output_dataset": name,
                            "input_datasets": [{"name": read} for read in inputs],
                            "flow_type": "APPEND" if one.streaming else "COMPLETE",
                        }
                    },
                )
        self._channel.event("graph_created", f"The pipeline's graph has {len(planned)} datasets.")

    def _told(self, error: Exception) -> Fault:
        fault = describe(error, self._paths)
        if fault.out_of_memory:
            jvm.stop(self._spec.home)
            more = "The Spark JVM ran out of memory and was ended; set PRP_MCP_SPARK_MEMORY to more, such as 4g."
            return Fault(fault.class_name, f"{fault.message}\n{more}", fault.location, fault.stack, True)
        return fault

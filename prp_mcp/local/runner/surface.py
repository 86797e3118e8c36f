"""The modules `dlt` and `pyspark.pipelines` as pipeline sources see them: decorators that fill the graph."""

import functools
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from prp_mcp.local.runner.all_kinds import KINDS
from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.graph import Action, Dataset, Expectation, Flow, Graph
from prp_mcp.local.runner.kinds.kind import Kind
from prp_mcp.local.runner.paths import Paths

WITHOUT_EFFECT = frozenset(
    ("spark_conf", "path", "cluster_by", "cluster_by_auto", "refresh_policy", "row_filter", "temporary")
)
"""Arguments that tune a cluster, a layout or an access rule that this machine does not have."""

REFUSED = {
    "create_auto_cdc_flow": "merge in a materialized view, or run this pipeline on Databricks",
    "apply_changes": "merge in a materialized view, or run this pipeline on Databricks",
    "create_sink": "write to a table instead, and run this pipeline on Databricks",
    "create_auto_cdc_from_snapshot_flow": "run this pipeline on Databricks",
    "apply_changes_from_snapshot": "run this pipeline on Databricks",
    "foreach_batch_sink": "write to a table instead, and run this pipeline on Databricks",
    "on_event_hook": "read the event log instead, and run this pipeline on Databricks",
    "update_flow": "use append_flow, or run this pipeline on Databricks",
}


class Surface:
    """Offer the pipeline language to sources and collect what they declare in `graph`."""

    def __init__(self, graph: Graph, paths: Paths):
        self._graph = graph
        self._paths = paths
        self._expectations: dict[Any, list[Expectation]] = {}
        self.reader: Any = None

    def modules(self) -> dict[str, ModuleType]:
        """Return the modules by the names under which they are imported."""
        names: dict[str, Any] = {
            "append_flow": self._append_flow,
            "read": lambda name: self.reader.named(name, streaming=False),
            "read_stream": lambda name: self.reader.named(name, streaming=True),
            "readStream": lambda name: self.reader.named(name, streaming=True),
        }
        for kind in KINDS:
            names |= {name: self._decorator(kind) for name in kind.decorators}
            names |= {name: functools.partial(self._create, kind) for name in kind.creators}
        for suffix, action in (("", Action.WARN), ("_or_drop", Action.DROP), ("_or_fail", Action.FAIL)):
            names[f"expect{suffix}"] = self._expect(action)
            names[f"expect_all{suffix}"] = self._expect_all(action)
        for name, remedy in REFUSED.items():
            names[name] = _refusing(name, remedy)
        modules = {}
        for module_name in ("dlt", "pyspark.pipelines"):
            module = ModuleType(module_name, "The pipeline language, as the local workspace runs it.")
            module.__dict__.update(names)
            module.__dict__["__getattr__"] = _unknown(module_name)
            modules[module_name] = module
        return modules

    def install(self) -> None:
        """Make `import dlt` and `from pyspark import pipelines` find this surface."""
        import pyspark

        modules = self.modules()
        sys.modules.update(modules)
        pyspark.pipelines = modules["pyspark.pipelines"]  # type: ignore[attr-defined]  # the package's own is replaced

    def location(self) -> str:
        """Return `path:line` of the innermost frame that is a source of the pipeline."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            source = self._paths.source(frame.f_code.co_filename)
            if source:
                return f"{source}:{frame.f_lineno}"
            frame = frame.f_back
        return "(unknown)"

    def _decorator(self, kind: Kind) -> Callable[..., Any]:
        def decorate(query_function: Any = None, /, **named: Any) -> Any:
            if callable(query_function):
                self._declare(query_function, kind, {})
                return query_function
            if query_function is not None:
                named["name"] = query_function

            def given(function: Any) -> Any:
                self._declare(function, kind, named)
                return function

            return given

        return decorate

    def _declare(self, function: Any, kind: Kind, named: dict[str, Any]) -> None:
        location = self._function_location(function)
        dataset = self._dataset(str(named.pop("name", None) or function.__name__), kind, location, named)
        dataset.expectations = self._expectations.setdefault(function, [])
        dataset.flows.append(Flow(dataset.name.table, dataset.name, function, location))
        self._graph.add(dataset)

    def _dataset(self, name: str, kind: Kind, location: str, named: dict[str, Any]) -> Dataset:
        dataset = Dataset(self._graph.full(name), kind, location)
        dataset.comment = named.pop("comment", None)
        dataset.properties = {str(k): str(v) for k, v in (named.pop("table_properties", None) or {}).items()}
        dataset.schema = named.pop("schema", None)
        dataset.partitions = list(named.pop("partition_cols", None) or [])
        dataset.private = bool(named.pop("private", False))
        for argument in sorted(set(named) - WITHOUT_EFFECT):
            raise PipelineError(
                f"The argument {argument!r} of the dataset {name!r} is not known.",
                remedy="Remove it, or check its spelling.",
                location=location,
            )
        return dataset

    def _create(self, kind: Kind, name: str, **named: Any) -> None:
        location = self.location()
        expectations: list[Expectation] = []
        for key, action in (
            ("expect_all", Action.WARN),
            ("expect_all_or_drop", Action.DROP),
            ("expect_all_or_fail", Action.FAIL),
        ):
            given: Mapping[str, Any] = named.pop(key, None) or {}
            expectations += [Expectation(str(one), text, action) for one, text in given.items()]
        dataset = self._dataset(name, kind, location, named)
        dataset.expectations = expectations
        self._graph.add(dataset)

    def _append_flow(self, **named: Any) -> Callable[[Any], Any]:
        target, name = named.pop("target"), named.pop("name", None)
        once = bool(named.pop("once", False))

        def given(function: Any) -> Any:
            location = self._function_location(function)
            dataset = self._target(target, location)
            dataset.flows.append(Flow(str(name or function.__name__), dataset.name, function, location, once))
            return function

        return given

    def _target(self, name: str, location: str) -> Dataset:
        dataset = self._graph.find(name)
        if dataset is None:
            raise PipelineError(
                f"The target {name!r} of a flow is not defined.",
                remedy="Call create_streaming_table for it before the flow.",
                location=location,
            )
        return dataset

    def _expect(self, action: Action) -> Callable[..., Any]:
        def expect(name: str, inv: Any) -> Callable[[Any], Any]:
            return self._with([Expectation(name, inv, action)])

        return expect

    def _expect_all(self, action: Action) -> Callable[..., Any]:
        def expect_all(expectations: Mapping[str, Any]) -> Callable[[Any], Any]:
            return self._with([Expectation(name, inv, action) for name, inv in expectations.items()])

        return expect_all

    def _with(self, added: list[Expectation]) -> Callable[[Any], Any]:
        def given(function: Any) -> Any:
            # Decorators apply from the inside out: the list reads in the order of the source.
            self._expectations.setdefault(function, [])[:0] = added
            return function

        return given

    def _function_location(self, function: Any) -> str:
        code = getattr(function, "__code__", None)
        source = self._paths.source(code.co_filename) if code is not None else None
        return f"{source}:{code.co_firstlineno}" if source and code is not None else self.location()


def _refusing(name: str, remedy: str) -> Callable[..., Any]:
    def refuse(*_given: Any, **_named: Any) -> Any:
        raise PipelineError(f"The local workspace does not run {name!r}.", remedy=f"To go on, {remedy}.")

    return refuse


def _unknown(module_name: str) -> Callable[[str], Any]:
    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise PipelineError(
            f"{module_name!r} has no {name!r} in the local workspace.",
            remedy="Check its spelling; what is not offered here has to run on Databricks.",
        )

    return missing

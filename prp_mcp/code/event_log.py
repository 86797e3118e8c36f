"""Make sense of a pipeline's raw events: rows, expectations, states and causes of one update. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELED"})
BROKEN = frozenset({"FAILED", "SKIPPED", "STOPPED", "CANCELED"})
"""States in which a flow surely did not complete; of any other but COMPLETED nobody knows what it means."""


@dataclass
class ExpectationCount:
    """How many records passed and failed one expectation of one dataset in the update."""

    name: str
    passed: int = 0
    failed: int = 0


@dataclass
class DatasetLog:
    """What the events say about one dataset; one without a flow of its own (a view) stays DEFINED."""

    name: str
    state: str = "DEFINED"
    rows: int = 0
    dropped: int = 0
    measured: bool = False
    expectations: dict[str, ExpectationCount] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    ended: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether its flow completed."""
        return self.state == "COMPLETED"

    @property
    def is_view(self) -> bool:
        """Return whether no flow of its own was seen."""
        return self.state == "DEFINED"


@dataclass(frozen=True)
class Trouble:
    """An error event: the dataset it concerns (or empty), one readable text, the source location (or empty)."""

    dataset: str
    text: str
    at: str
    time: str


@dataclass(frozen=True)
class UpdateLog:
    """The digest of one update's events, datasets in the order they first appeared.

    `ended` is the state in which the log itself says the update ended; empty while it does not.
    """

    datasets: Mapping[str, DatasetLog]
    troubles: tuple[Trouble, ...]
    ended: str = ""

    @property
    def flows(self) -> list[DatasetLog]:
        """Return the datasets that have a flow of their own."""
        return [item for item in self.datasets.values() if not item.is_view]

    @property
    def broken(self) -> list[str]:
        """Return the short names of the datasets whose flow surely did not complete."""
        return [short(item.name) for item in self.flows if item.state in BROKEN]

    @property
    def unfinished(self) -> list[str]:
        """Return the short names of the datasets whose flow is not known to have completed, each with its state."""
        others = [item for item in self.flows if not item.is_done and item.state not in BROKEN]
        return [f"{short(item.name)} ({item.state})" for item in others]


_QUOTED_END = re.compile(r"`([^`]*)`$")
_AT = re.compile(r"(?<![\w./-])((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|ipynb):\d+)")


def read_log(events: Iterable[Mapping[str, Any]]) -> UpdateLog:
    """Aggregate the events of one update, which may come in any order and more than once.

    Every flow_progress event carries an increment: counts are summed, so a second metric object of zeroes that some
    runtimes add changes nothing.
    """
    datasets: dict[str, DatasetLog] = {}
    troubles: list[Trouble] = []
    ended = ""
    for event in _ordered(events):
        origin = event.get("origin") or {}
        name = str(origin.get("dataset_name") or origin.get("flow_name") or "")
        details = event.get("details") or {}
        if isinstance(progress := details.get("flow_progress"), dict) and name:
            _count(datasets.setdefault(name, DatasetLog(name)), progress, datasets, str(event.get("timestamp", "")))
        if isinstance(flow := details.get("flow_definition"), dict):
            _define(datasets, flow)
        if isinstance(progress := details.get("update_progress"), dict) and progress.get("state") in TERMINAL:
            ended = str(progress["state"])
        if event.get("level") == "ERROR" or event.get("error"):
            troubles.append(_trouble(event, name))
    return UpdateLog(datasets, tuple(troubles), ended)


def _ordered(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events by their time, each id once: pages may overlap, and a flow's last state must be its last."""
    found = {str(event.get("id") or f"without id {number}"): event for number, event in enumerate(events)}
    return sorted(found.values(), key=lambda event: str(event.get("timestamp") or ""))


def cause(log: UpdateLog) -> str:
    """Return the first root cause of a failed update as `dataset: text (path:line)`, or an empty string."""
    telling = [trouble for trouble in log.troubles if trouble.text]
    if not telling:
        return ""
    best = next((trouble for trouble in telling if trouble.at), telling[0])
    head = f"{best.dataset}: " if best.dataset else ""
    tail = f" ({best.at})" if best.at and best.at not in best.text else ""
    return f"{head}{best.text}{tail}"[:600]


def _count(log: DatasetLog, progress: Mapping[str, Any], datasets: dict[str, DatasetLog], time: str) -> None:
    log.state = str(progress.get("status") or log.state)
    metrics = progress.get("metrics") or {}
    for key in ("num_output_rows", "num_upserted_rows"):
        if metrics.get(key) is not None:
            log.rows += int(metrics[key])
            log.measured = True
    quality = progress.get("data_quality") or {}
    log.dropped += int(quality.get("dropped_records") or 0)
    for item in quality.get("expectations") or []:
        owner = str(item.get("dataset") or log.name)
        target = log if short(owner) == short(log.name) else datasets.setdefault(owner, DatasetLog(owner))
        count = target.expectations.setdefault(str(item["name"]), ExpectationCount(str(item["name"])))
        count.passed += int(item.get("passed_records") or 0)
        count.failed += int(item.get("failed_records") or 0)
    if log.state in TERMINAL:
        log.ended = time


def _define(datasets: dict[str, DatasetLog], flow: Mapping[str, Any]) -> None:
    output = str(flow.get("output_dataset") or "")
    if output:
        inputs = flow.get("input_datasets") or []
        names = [str(item.get("name") if isinstance(item, dict) else item) for item in inputs]
        log = datasets.setdefault(output, DatasetLog(output))
        log.inputs += [name for name in names if name not in log.inputs]


def _trouble(event: Mapping[str, Any], dataset: str) -> Trouble:
    exceptions = (event.get("error") or {}).get("exceptions") or [{}]
    message = str(exceptions[0].get("message") or event.get("message") or "")
    kind = str(exceptions[0].get("class_name") or "").rpartition(".")[2]
    line = next((line.strip() for line in message.splitlines() if line.strip()), "")
    text = line if not kind or kind in line else f"{kind}: {line}"
    located = _AT.search(message) or _AT.search(str(event.get("message") or "")) or _located(exceptions)
    return Trouble(dataset, text[:500], located[1] if located else "", str(event.get("timestamp") or ""))


def _located(exceptions: list[Mapping[str, Any]]) -> re.Match[str] | None:
    for frame in exceptions[0].get("stack") or []:
        if isinstance(frame, Mapping) and frame.get("file_name"):
            return _AT.search(f"{frame['file_name']}:{frame.get('line_number', 1)}")
        if isinstance(frame, str) and (found := _AT.search(frame)):
            return found
    return None


def short(name: str) -> str:
    """Return the last part of a dataset's name: `main.shop.orders` -> `orders`."""
    quoted = _QUOTED_END.search(name)
    return quoted[1] if quoted else name.replace("`", "").rpartition(".")[2]

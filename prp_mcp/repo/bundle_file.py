"""Read what a bundle's YAML says before anything runs it: its name, targets, hosts, and code it would execute."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from prp_mcp.errors import UsageError

ROOT_FILES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
NODE_CAP = 100_000
"""YAML nodes after aliases are expanded; fifteen lines of aliases can otherwise grow to gigabytes."""


@dataclass(frozen=True)
class Hook:
    """Code the bundle would run outside the workspace: `what` it is, `path` of the file that says so."""

    what: str
    path: str


@dataclass(frozen=True)
class BundleFile:
    """The root file and its includes, unresolved. `targets` maps each target to its mode (or None)."""

    name: str
    targets: dict[str, str | None]
    default_target: str | None
    hosts: tuple[str, ...]
    hooks: tuple[Hook, ...]
    pipelines: tuple[str, ...]
    resources: dict[str, tuple[str, ...]]
    variables: dict[str, Any]


def find_root(folder: Path, top: Path) -> Path:
    """Return the nearest folder from `folder` up to `top` that holds a bundle's root file.

    Raises UsageError when there is none.
    """
    current = folder.resolve()
    while current.is_relative_to(top):
        if any((current / name).is_file() for name in ROOT_FILES):
            return current
        current = current.parent
    raise UsageError(
        "there is no databricks.yml here or in a folder above",
        remedy="Run it inside the bundle's folder, or create a project with `prp-mcp init`.",
    )


def read_bundle_file(root: Path) -> BundleFile:
    """Read the bundle at `root`. Raises UsageError with file and line when its YAML is unusable."""
    first = next(root / name for name in ROOT_FILES if (root / name).is_file())
    main = _load(first, root)
    parts = [
        (first.name, main),
        *((path.relative_to(root).as_posix(), _load(path, root)) for path in _includes(main, root)),
    ]
    bodies = {str(name): _mapping(body) for name, body in _mapping(main.get("targets")).items()}
    targets = {name: body.get("mode") for name, body in bodies.items()}
    default = [name for name, body in bodies.items() if body.get("default")]
    resources: dict[str, list[str]] = {}
    for _, part in parts:
        for kind, entries in _mapping(part.get("resources")).items():
            resources.setdefault(str(kind), []).extend(map(str, _mapping(entries)))
    return BundleFile(
        name=str(_mapping(main.get("bundle")).get("name", "")),
        targets=targets,
        default_target=default[0] if default else (next(iter(targets)) if len(targets) == 1 else None),
        hosts=tuple(host for _, part in parts for host in _hosts(part)),
        hooks=tuple(hook for path, part in parts for hook in _hooks(part, path)),
        pipelines=tuple(dict.fromkeys(resources.get("pipelines", []))),
        resources={kind: tuple(dict.fromkeys(keys)) for kind, keys in resources.items()},
        variables=_mapping(main.get("variables")),
    )


def _includes(main: dict[str, Any], root: Path) -> Iterator[Path]:
    patterns = main.get("include")
    for pattern in patterns if isinstance(patterns, list) else []:
        if isinstance(pattern, str):
            for path in sorted(glob.glob(pattern, root_dir=root, recursive=True)):
                if path.endswith((".yml", ".yaml", ".json")) and (root / path).is_file():
                    if not (root / path).resolve().is_relative_to(root.resolve()):
                        raise UsageError(
                            f"the bundle includes {path}, which lies outside its folder",
                            remedy="Move the file into the bundle's folder.",
                            location=path,
                        )
                    yield root / path


def _load(path: Path, root: Path) -> dict[str, Any]:
    name = path.relative_to(root).as_posix()
    text = path.read_text("utf-8", errors="replace")
    try:
        if _size(text) > NODE_CAP:
            raise UsageError(
                f"{name} expands to more than {NODE_CAP} YAML nodes",
                remedy="Remove the nested aliases.",
                location=name,
            )
        loaded = next(iter(yaml.load_all(text, Loader=yaml.CSafeLoader)), None)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise UsageError(f"{where}: not valid YAML", remedy="Mend the file.", location=where) from error
    return _mapping(loaded)


def _size(text: str) -> int:
    """Return the number of nodes after expansion of aliases, counted without expanding any."""
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        added = 0
        if isinstance(event, yaml.AliasEvent):
            added = sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            added = 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            stack.append((event.anchor, 1))
            continue
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            anchor, added = stack.pop()
            if anchor:
                sizes[anchor] = added
        if stack:
            outer, size = stack[-1]
            stack[-1] = (outer, min(size + added, NODE_CAP + 1))
        else:
            total += added
    return total


def _hosts(part: dict[str, Any]) -> Iterator[str]:
    holders = [part, *_mapping(part.get("targets")).values()]
    for holder in holders:
        host = _mapping(_mapping(holder).get("workspace")).get("host")
        if host:
            yield str(host)


def _hooks(part: dict[str, Any], path: str) -> Iterator[Hook]:
    for holder in (part, *_mapping(part.get("targets")).values()):
        body = _mapping(holder)
        if body.get("scripts"):
            yield Hook("scripts", path)
        if body.get("python"):
            yield Hook("python", path)
        for key in ("scripts", "python", "pydabs"):
            if _mapping(body.get("experimental")).get(key):
                yield Hook(f"experimental.{key}", path)
        for name, artifact in _mapping(body.get("artifacts")).items():
            if _mapping(artifact).get("build") or _mapping(artifact).get("type") == "whl":
                yield Hook(f"artifacts.{name}", path)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

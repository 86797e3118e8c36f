"""How a code base writes its datasets: names by layer, decorators, expectations, properties, comments."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from prp_mcp.code.facts import CodeFacts, DatasetFact

LAYERS = ("bronze", "silver", "gold", "raw", "landing", "staging", "intermediate", "marts")
"""Folder names that tell a layer; elsewhere the folder itself is the layer."""

NAMES_SHOWN = 2

_SHARE = 0.6
"""Of the names of a layer that must agree for it to be a convention."""

_CASES = {
    "snake_case": re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*"),
    "camelCase": re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+"),
    "PascalCase": re.compile(r"(?:[A-Z][a-z0-9]*)+"),
    "UPPER_CASE": re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)*"),
}

Placed = Sequence[tuple[str, DatasetFact]]


def api(facts: CodeFacts) -> dict[str, Any]:
    """Return the API most sources use, the files of each, and where it shows first."""
    used = [source for source in facts.sources if source.api]
    if not used:
        return {}
    counts = Counter(source.api for source in used)
    value = counts.most_common(1)[0][0]
    first = next(source for source in used if source.api == value)
    others = {str(each): count for each, count in counts.items()}
    return {"value": value, "files": others, "example": f"{first.path}:{first.api_line}"}


def forms(facts: CodeFacts) -> dict[str, Any]:
    """Return how datasets are declared (`dlt.table`, `CREATE STREAMING TABLE`), the most used first."""
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for path, dataset in facts.datasets():
        if dataset.form:
            counts[dataset.form] += 1
            examples.setdefault(dataset.form, f"{path}:{dataset.line}")
    return {form: {"count": count, "example": examples[form]} for form, count in counts.most_common()}


def expectations(facts: CodeFacts) -> dict[str, Any]:
    """Return the count of each action and style, and how many published datasets have any, with an example each."""
    rules = list(facts.expectations())
    published = _published(facts)
    if not rules:
        return {}
    actions = Counter(rule.action for _, rule in rules)
    styles = Counter(rule.style for _, rule in rules)
    bare = [(path, each) for path, each in published if not each.is_guarded]
    path, first = rules[0]
    found: dict[str, Any] = {action: actions[action] for action in ("warn", "drop", "fail")}
    found |= {"example": f"{path}:{first.line}", "style": dict(styles.most_common())}
    found |= {"datasets_with": len(published) - len(bare), "datasets_without": len(bare)}
    return found | ({"example_without": _at(*bare[0])} if bare else {})


def naming(facts: CodeFacts) -> dict[str, Any]:
    """Return each layer's names (some), and the prefix, suffix and case most of them share, with the exceptions."""
    layers: dict[str, list[tuple[str, DatasetFact]]] = {}
    for path, dataset in facts.datasets():
        if dataset.name is not None:
            layers.setdefault(layer(path), []).append((path, dataset))
    return {name: _layer_names(placed) for name, placed in layers.items()}


def layout(facts: CodeFacts) -> dict[str, Any]:
    """Return the number of pipeline sources by folder."""
    counts = Counter(str(PurePosixPath(source.path).parent) for source in facts.sources if source.api)
    return dict(counts)


def properties(facts: CodeFacts) -> dict[str, Any]:
    """Return the table properties that are set, the most used first, each with its commonest value."""
    values: dict[str, Counter[str]] = {}
    examples: dict[str, str] = {}
    for path, dataset in facts.datasets():
        for key, value in dataset.properties:
            values.setdefault(key, Counter())[value] += 1
            examples.setdefault(key, f"{path}:{dataset.line}")
    used = sorted(values, key=lambda key: -values[key].total())
    return {
        key: {"count": values[key].total(), "value": values[key].most_common(1)[0][0], "example": examples[key]}
        for key in used
    }


def comments(facts: CodeFacts) -> dict[str, Any]:
    """Return how many published datasets are described, with an example of one that is not."""
    published = _published(facts)
    if not published:
        return {}
    silent = [(path, each) for path, each in published if not each.has_comment]
    found: dict[str, Any] = {"with": len(published) - len(silent), "without": len(silent)}
    return found | ({"example_without": _at(*silent[0])} if silent else {})


def layer(path: str) -> str:
    """Return the layer a file's folder belongs to, or the folder itself."""
    folders = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    known = [part for part in reversed(folders) if part in LAYERS]
    return known[0] if known else folders[-1] if folders else "."


def _published(facts: CodeFacts) -> list[tuple[str, DatasetFact]]:
    return [(path, each) for path, each in facts.datasets() if not each.is_private]


def _at(path: str, dataset: DatasetFact) -> str:
    return f"{path}:{dataset.line}"


def _layer_names(placed: Placed) -> dict[str, Any]:
    names = list(dict.fromkeys(str(dataset.name).rsplit(".", 1)[-1] for _, dataset in placed))
    shown = list(dict.fromkeys(str(dataset.name) for _, dataset in placed))[:NAMES_SHOWN]
    found: dict[str, Any] = {"names": shown, "example": _at(*placed[0])}
    prefix = _shared(names, [f"{name.split('_', 1)[0]}_" for name in names if "_" in name])
    suffix = _shared(names, [f"_{name.rsplit('_', 1)[1]}" for name in names if "_" in name])
    case = _shared(names, [_case(name) for name in names], least=1)
    found |= {key: value for key, value in (("prefix", prefix), ("suffix", suffix), ("case", case)) if value}
    odd = [name for name in names if not _agrees(name, prefix, suffix, case)]
    return found | ({"exceptions": odd[:NAMES_SHOWN]} if odd else {})


def _agrees(name: str, prefix: str, suffix: str, case: str) -> bool:
    return name.startswith(prefix) and name.endswith(suffix) and (not case or _case(name) == case)


def _shared(names: Sequence[str], marks: Iterable[str], least: int = 2) -> str:
    """Return the mark that at least `least` names and most of all names share, or nothing."""
    mark, count = next(iter(Counter(marks).most_common(1)), ("", 0))
    return mark if count >= max(least, _SHARE * len(names)) else ""


def _case(name: str) -> str:
    return next((case for case, form in _CASES.items() if form.fullmatch(name)), "")

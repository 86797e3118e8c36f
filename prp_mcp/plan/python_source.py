"""Facts of a Python pipeline source, from its syntax tree; it is compiled, never imported or run."""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prp_mcp.plan.facts import Action, Api, DatasetFact, ExpectationFact, Kind, SourceError, SourceFacts

_DATASETS: dict[str, Kind] = {
    "table": "table",
    "create_table": "table",
    "materialized_view": "materialized view",
    "view": "view",
    "create_view": "view",
    "temporary_view": "view",
}
_TARGETS = frozenset({"create_streaming_table", "create_target_table", "create_streaming_live_table"})
_EXPECTATIONS: dict[str, Action] = {
    "expect": "warn",
    "expect_or_drop": "drop",
    "expect_or_fail": "fail",
    "expect_all": "warn",
    "expect_all_or_drop": "drop",
    "expect_all_or_fail": "fail",
}
_OTHERS = ("append_flow", "update_flow", "create_sink", "apply_changes", "create_auto_cdc_flow", "read", "read_stream")
_STREAMS = frozenset({"readStream", "read_stream"})
_BATCHES = frozenset({"read", "sql", "table", "createDataFrame", "range"})
_MODULES: dict[str, Api] = {"dlt": "dlt", "pyspark.pipelines": "pyspark.pipelines"}


@dataclass
class _Names:
    """What the module calls the pipeline API: modules by their name, functions by theirs."""

    modules: set[str] = field(default_factory=set)
    functions: dict[str, str] = field(default_factory=dict)
    api: Api | None = None
    line: int = 1


def read_python(path: str, text: str) -> SourceFacts:
    """Return the facts of a module or of a notebook's Python cells; a syntax error is the only fact there is then."""
    if path.endswith(".ipynb"):
        try:
            text = notebook_code(text)
        except ValueError as error:
            return SourceFacts(path, errors=(SourceError(1, 1, f"not a notebook: {str(error)[:200]}"),))
    tree = _compiled(path, text)
    if isinstance(tree, SourceError):
        return SourceFacts(path, errors=(tree,))
    names = _names(tree)
    datasets: list[DatasetFact] = []
    expectations: list[ExpectationFact] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found, rules = _function(node, names)
        elif isinstance(node, ast.Call):
            found, rules = _call(node, names)
        else:
            continue
        datasets += found
        expectations += rules
    return SourceFacts(
        path,
        names.api,
        names.line,
        tuple(sorted(datasets, key=lambda each: each.line)),
        tuple(sorted(expectations, key=lambda each: each.line)),
        tuple(dict.fromkeys(_config_keys(tree))),
    )


def notebook_code(text: str) -> str:
    """Return the Python cells of a Jupyter notebook as one module, magics commented out; ValueError when it is none."""
    try:
        notebook = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    lines: list[str] = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        code = source if isinstance(source, str) else "".join(map(str, source)) if isinstance(source, list) else ""
        is_foreign = re.match(r"\s*%%?(?:sql|md|sh|scala|r|bash|html)\b", code)
        for line in code.split("\n"):
            lines.append(f"# {line}" if is_foreign or re.match(r"\s*[%!]", line) else line)
    return "\n".join(lines)


def _compiled(path: str, text: str) -> ast.Module | SourceError:
    try:
        with warnings.catch_warnings():
            # An invalid escape warns; where warnings are errors it would pass for a syntax error.
            warnings.simplefilter("ignore")
            tree = ast.parse(text, path)
            # Some errors ("'return' outside function") only show when code is made of the tree.
            compile(tree, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return SourceError(error.lineno or 1, max(1, error.offset or 1), error.msg)
    except ValueError as error:
        return SourceError(1, 1, str(error))
    except (RecursionError, MemoryError):
        return SourceError(1, 1, "the code is nested too deeply to compile")
    return tree


def _names(tree: ast.Module) -> _Names:
    names = _Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _MODULES:
                    names.modules.add(alias.asname or alias.name)
                    _seen(names, _MODULES[alias.name], node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            _import_from(names, node)
    return names


def _import_from(names: _Names, node: ast.ImportFrom) -> None:
    if node.module == "pyspark":
        for alias in node.names:
            if alias.name == "pipelines":
                names.modules.add(alias.asname or alias.name)
                _seen(names, "pyspark.pipelines", node.lineno)
    elif node.module in _MODULES:
        _seen(names, _MODULES[node.module], node.lineno)
        for alias in node.names:
            if alias.name == "*":
                known = (*_DATASETS, *_TARGETS, *_EXPECTATIONS, *_OTHERS)
                names.functions.update({name: name for name in known})
            else:
                names.functions[alias.asname or alias.name] = alias.name


def _seen(names: _Names, api: Api, line: int) -> None:
    if names.api is None:
        names.api, names.line = api, line


def _resolved(node: ast.expr, names: _Names) -> str | None:
    """Return which function of the pipeline API an expression names, called or not, or None."""
    target = node.func if isinstance(node, ast.Call) else node
    if isinstance(target, ast.Name):
        return names.functions.get(target.id)
    if isinstance(target, ast.Attribute) and _dotted(target.value) in names.modules:
        return target.attr
    return None


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, names: _Names
) -> tuple[list[DatasetFact], list[ExpectationFact]]:
    datasets: list[DatasetFact] = []
    rules: list[ExpectationFact] = []
    for decorator in node.decorator_list:
        name = _resolved(decorator, names)
        if name in _DATASETS:
            fact = _dataset(decorator, name, node.name)
            if fact.kind == "table":
                fact = replace(fact, kind=_kind(node, names.api))
            datasets.append(fact)
        elif name in _EXPECTATIONS and isinstance(decorator, ast.Call):
            rules += _rules(decorator, name)
    owner = datasets[0].name if datasets else None
    return datasets, [replace(rule, dataset=owner) for rule in rules]


def _call(node: ast.Call, names: _Names) -> tuple[list[DatasetFact], list[ExpectationFact]]:
    if isinstance(node.func, ast.Call):
        # dlt.table(name=...)(function): a decorator applied by hand.
        name = _resolved(node.func, names)
        if name in _DATASETS:
            given = node.args[0].id if node.args and isinstance(node.args[0], ast.Name) else None
            return [_dataset(node.func, name, given)], []
        return [], []
    if _resolved(node, names) not in _TARGETS:
        return [], []
    title = _text(_argument(node, "name", 0))
    fact = DatasetFact(
        _local(title), "streaming table", node.lineno, _is_set(node, "private"), _is_set(node, "comment")
    )
    rules = [
        rule
        for keyword in node.keywords
        if keyword.arg in _EXPECTATIONS
        for rule in _dictionary(keyword.value, _EXPECTATIONS[keyword.arg], node.lineno)
    ]
    return [fact], [replace(rule, dataset=fact.name) for rule in rules]


def _dataset(decorator: ast.expr, api_name: str, function: str | None) -> DatasetFact:
    kind = _DATASETS[api_name]
    if not isinstance(decorator, ast.Call):
        return DatasetFact(function, kind, decorator.lineno, kind == "view")
    given = _argument(decorator, "name", 0)
    splat = any(keyword.arg is None for keyword in decorator.keywords)
    name = _local(_text(given)) if given is not None else None if splat else function
    is_private = kind == "view" or _is_set(decorator, "private") or _is_set(decorator, "temporary")
    return DatasetFact(name, kind, decorator.lineno, is_private, _is_set(decorator, "comment"))


def _kind(node: ast.FunctionDef | ast.AsyncFunctionDef, api: Api | None) -> Kind:
    # The body alone: a decorator's own `dlt.table` reads nothing.
    found = (each for statement in node.body for each in ast.walk(statement))
    attributes = {each.attr for each in found if isinstance(each, ast.Attribute)}
    if attributes & _STREAMS or api == "pyspark.pipelines":
        return "streaming table"
    return "materialized view" if attributes & _BATCHES else "table"


def _rules(decorator: ast.Call, name: str) -> Iterator[ExpectationFact]:
    action = _EXPECTATIONS[name]
    if "_all" in name:
        rules = _argument(decorator, "expectations", 0)
        yield from _dictionary(rules, action, decorator.lineno)
        return
    title = _text(_argument(decorator, "name", 0) or _argument(decorator, "description", 0))
    condition = _argument(decorator, "inv", 1) or _argument(decorator, "condition", 1)
    yield ExpectationFact(None, title, action, _text(condition), decorator.lineno)


def _dictionary(node: ast.expr | None, action: Action, line: int) -> Iterator[ExpectationFact]:
    if not isinstance(node, ast.Dict):
        yield ExpectationFact(None, None, action, None, line)
        return
    for key, value in zip(node.keys, node.values, strict=True):
        # A key of None is "**others".
        yield ExpectationFact(None, _text(key), action, _text(value) if key else None, (key or value).lineno)


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if place < len(call.args) and not any(isinstance(each, ast.Starred) for each in call.args[: place + 1]):
        return call.args[place]
    return None


def _is_set(call: ast.Call, name: str) -> bool:
    for keyword in call.keywords:
        if keyword.arg == name:
            return not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
    return False


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _local(name: str | None) -> str | None:
    return name.removeprefix("LIVE.").replace("`", "") if name else None


def _config_keys(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func).endswith(".conf.get"):
            key = _text(_argument(node, "key", 0))
            if key:
                yield key

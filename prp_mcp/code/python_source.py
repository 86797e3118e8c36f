"""Facts of a Python pipeline source, from its syntax tree; it is compiled, never imported or run."""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from prp_mcp.code.config_keys import config_reads, key_strings
from prp_mcp.code.dependencies import pip_installs
from prp_mcp.code.facts import Action, Api, DatasetFact, DatasetKind, ExpectationFact, SourceError, SourceFacts, Style
from prp_mcp.code.imports import added_roots, imports
from prp_mcp.code.notebooks import read_notebook

_DATASETS: dict[str, DatasetKind] = {
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
_DICTIONARY: Style = "dictionary"
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
    if not path.lower().endswith(".ipynb"):
        return _module(path, text)
    try:
        notebook = read_notebook(text)
    except ValueError as error:
        return SourceFacts(path, errors=(SourceError(1, 1, f"not a notebook: {str(error)[:200]}"),))
    return notebook.placed(_module(path, notebook.code))


def _module(path: str, text: str) -> SourceFacts:
    tree = _compiled(path, text)
    if isinstance(tree, SourceError):
        return SourceFacts(path, errors=(tree,))
    nodes = list(ast.walk(tree))
    names = _names(nodes)
    datasets: list[DatasetFact] = []
    expectations: list[ExpectationFact] = []
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found, rules = _function(node, names)
        elif isinstance(node, ast.Call):
            found, rules = _call(node, names)
        else:
            continue
        datasets += [replace(each, is_guarded=bool(rules)) for each in found]
        expectations += rules
    return SourceFacts(
        path,
        names.api,
        names.line,
        tuple(sorted(datasets, key=lambda each: each.line)),
        tuple(sorted(expectations, key=lambda each: each.line)),
        config_reads=tuple(config_reads(nodes)),
        imports=tuple(sorted(imports(tree), key=lambda each: each.line)),
        roots=tuple(added_roots(nodes)),
        strings=key_strings(nodes),
        declared=pip_installs(text),
    )


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


def _names(nodes: Iterable[ast.AST]) -> _Names:
    names = _Names()
    for node in nodes:
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
            fact = _dataset(decorator, name, node.name, names)
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
            return [_dataset(node.func, name, given, names)], []
        return [], []
    name = _resolved(node, names)
    if name not in _TARGETS:
        return [], []
    title = _text(_argument(node, "name", 0))
    fact = DatasetFact(
        _local(title),
        "streaming table",
        node.lineno,
        _is_set(node, "private"),
        _is_set(node, "comment"),
        form=_form(names, name),
        properties=_properties(node),
    )
    rules = [
        rule
        for keyword in node.keywords
        if keyword.arg in _EXPECTATIONS
        for rule in _dictionary(keyword.value, _EXPECTATIONS[keyword.arg], node.lineno)
    ]
    return [fact], [replace(rule, dataset=fact.name) for rule in rules]


def _dataset(decorator: ast.expr, api_name: str, function: str | None, names: _Names) -> DatasetFact:
    kind = _DATASETS[api_name]
    form = _form(names, api_name)
    if not isinstance(decorator, ast.Call):
        return DatasetFact(function, kind, decorator.lineno, kind == "view", form=form)
    given = _argument(decorator, "name", 0)
    splat = any(keyword.arg is None for keyword in decorator.keywords)
    name = _local(_text(given)) if given is not None else None if splat else function
    is_private = kind == "view" or _is_set(decorator, "private") or _is_set(decorator, "temporary")
    has_comment = _is_set(decorator, "comment")
    properties = _properties(decorator)
    return DatasetFact(name, kind, decorator.lineno, is_private, has_comment, form=form, properties=properties)


def _form(names: _Names, api_name: str) -> str:
    return f"{'dlt' if names.api == 'dlt' else 'dp'}.{api_name}"


def _properties(call: ast.Call) -> tuple[tuple[str, str], ...]:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "table_properties"), None)
    if not isinstance(given, ast.Dict):
        return ()
    pairs = ((_text(key), value) for key, value in zip(given.keys, given.values, strict=True))
    return tuple((key, str(value.value) if isinstance(value, ast.Constant) else "") for key, value in pairs if key)


def _kind(node: ast.FunctionDef | ast.AsyncFunctionDef, api: Api | None) -> DatasetKind:
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
        yield ExpectationFact(None, None, action, None, line, _DICTIONARY)
        return
    for key, value in zip(node.keys, node.values, strict=True):
        # A key of None is "**others".
        condition = _text(value) if key else None
        yield ExpectationFact(None, _text(key), action, condition, (key or value).lineno, _DICTIONARY)


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

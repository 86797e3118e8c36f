"""What sources import, and whether it will be there when the pipeline loads them."""

import ast
import posixpath
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prp_mcp.code.dependencies import RUNTIME, is_opaque, modules_of
from prp_mcp.code.facts import CodeFacts, ImportFact, SourceFacts

_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})
_ALWAYS = frozenset({"__future__", "__main__"})


def imports(tree: ast.Module) -> Iterator[ImportFact]:
    """Yield the imports that must succeed: not those of a `try` that allows for failure or under TYPE_CHECKING."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (ImportFact(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ImportFact(node.module or "", node.lineno, node.level)
        elif isinstance(node, ast.Try) and any(
            not handler.type or _MISSING & set(_names(handler.type)) for handler in node.handlers
        ):
            waiting += [each for handler in node.handlers for each in handler.body] + node.orelse + node.finalbody
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in _names(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def added_roots(nodes: Iterable[ast.AST]) -> Iterator[str | None]:
    """Yield what is put on `sys.path`: a folder as written, `conf:KEY` for a configured one, None when computed."""
    for node in nodes:
        if isinstance(node, ast.Call) and node.args and _is_adding(node.func):
            yield _folder(node.args[-1])


def unresolved_imports(
    facts: CodeFacts,
    roots: Sequence[str],
    configured: Mapping[str, str],
    requirements: Sequence[str],
    folder: str = "",
) -> list[dict[str, object]]:
    """Return the imports of pipeline sources, and of the modules they load, that nothing there provides.

    `roots` are the folders the pipelines put on the path, `configured` the values of their configuration,
    `requirements` what the bundle asks to be installed, `folder` the bundle's own; paths are those of `facts`.
    """
    place = _Place.of(facts, roots, configured, requirements, folder)
    waiting = [source for source in facts.sources if source.api]
    seen = {source.path for source in waiting}
    found: dict[str, dict[str, object]] = {}
    while waiting:
        source = waiting.pop(0)
        for each in source.imports:
            hits, is_there = place.resolve(source, each)
            if not is_there:
                name = "." * each.level + each.module
                found.setdefault(name, {"module": name, "at": f"{source.path}:{each.line}"})
            for hit in hits:
                if hit.path not in seen:
                    seen.add(hit.path)
                    waiting.append(hit)
    return list(found.values())


@dataclass(frozen=True)
class _Place:
    """Where modules come from: own files by path, folders by path, the folders on the path, other modules."""

    files: Mapping[str, SourceFacts]
    folders: frozenset[str]
    roots: tuple[str, ...]
    others: frozenset[str]

    @classmethod
    def of(
        cls,
        facts: CodeFacts,
        roots: Sequence[str],
        configured: Mapping[str, str],
        requirements: Sequence[str],
        folder: str,
    ) -> "_Place":
        files = {source.path: source for source in facts.sources if source.path.endswith(".py")}
        folders = frozenset(parent for path in files for parent in _parents(path))
        asked = [*requirements, *(each for source in facts.sources for each in source.declared)]
        added = [root for source in facts.sources for root in _added(source, configured, folder)]
        # A computed folder, or a wheel of the project itself, may hold any of its modules.
        is_open = None in added or any(map(is_opaque, asked))
        known = [folder, posixpath.join(folder, "src"), *roots, *(root for root in added if root is not None)]
        others = {module for each in asked for module in modules_of(each)}
        return cls(
            files,
            folders,
            tuple(dict.fromkeys([*known, *(sorted(folders) if is_open else ())])),
            frozenset({*others, *RUNTIME, *sys.stdlib_module_names, *_ALWAYS}),
        )

    def resolve(self, source: SourceFacts, each: ImportFact) -> tuple[list[SourceFacts], bool]:
        """Return the own modules an import loads, and whether it can be loaded."""
        own = posixpath.dirname(source.path)
        inner = each.module.replace(".", "/")
        if each.level:
            start = posixpath.normpath(posixpath.join(own, *[".."] * (each.level - 1)))
            return self._in("" if start == "." else start, inner)
        if each.module.split(".", 1)[0] in self.others:
            return [], True
        for root in (*self.roots, own):
            hits, is_there = self._in(root, inner)
            if is_there:
                return hits, True
        return [], False

    def _in(self, root: str, inner: str) -> tuple[list[SourceFacts], bool]:
        path = posixpath.join(root, inner) if inner else root
        hits = [self.files[each] for each in (f"{path}.py", f"{path}/__init__.py") if each in self.files]
        return hits, bool(hits) or path in self.folders or not inner


def _parents(path: str) -> Iterator[str]:
    parent = posixpath.dirname(path)
    while parent:
        yield parent
        parent = posixpath.dirname(parent)
    yield ""


def _added(source: SourceFacts, configured: Mapping[str, str], folder: str) -> Iterator[str | None]:
    """Yield the folders a source adds, relative to the top; one that depends on where it runs is None."""
    for root in source.roots:
        text = configured.get(root.removeprefix("conf:")) if root and root.startswith("conf:") else root
        if text is None:
            yield None
            continue
        inside = bundle_folder(text, folder)
        # A relative folder is taken from where the process runs, which is the source's own or the bundle's.
        yield inside
        if inside is not None:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(source.path), text)).removeprefix("./")


def bundle_folder(text: str, folder: str) -> str | None:
    """Return the folder of the repository that a bundle's path means; None when it depends on the workspace."""
    for start in ("${workspace.file_path}", "${workspace.root_path}/files"):
        if text.startswith(start):
            text = f".{text.removeprefix(start)}"
    if text.startswith("/") or "${" in text:
        return None
    found = posixpath.normpath(posixpath.join(folder, text))
    return "" if found == "." else found


def _is_adding(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in ("append", "insert")
        and ast.unparse(function.value) == "sys.path"
    )


def _folder(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("conf.get") and node.args:
        key = node.args[0]
        return f"conf:{key.value}" if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    return None


def _names(node: ast.expr) -> list[str]:
    found = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return found + [each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)]

"""Notebooks as modules of Python, with the way back from a line of code to its place in the file."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prp_mcp.code.facts import SourceFacts

_FOREIGN = re.compile(r"\s*%%?(?:sql|md|sh|scala|r|bash|html)\b")
_MAGIC = re.compile(r"\s*[%!]")


@dataclass(frozen=True)
class Notebook:
    """The Python cells as one module; `lines[n]` is the line of the file that holds line n + 1 of `code`.

    `cells[n]` is that line's place as a reader sees it: the number of the cell (all kinds counted) and the line in it.
    """

    code: str
    lines: tuple[int, ...]
    cells: tuple[tuple[int, int], ...]

    def placed(self, facts: SourceFacts) -> SourceFacts:
        """Return facts of `code` with the lines of the file; an error's message names cell and line."""
        return replace(
            facts,
            api_line=self._line(facts.api_line) if facts.api else facts.api_line,
            datasets=tuple(replace(each, line=self._line(each.line)) for each in facts.datasets),
            expectations=tuple(replace(each, line=self._line(each.line)) for each in facts.expectations),
            config_reads=tuple(replace(each, line=self._line(each.line)) for each in facts.config_reads),
            imports=tuple(replace(each, line=self._line(each.line)) for each in facts.imports),
            errors=tuple(
                replace(each, line=self._line(each.line), message=f"{self._cell(each.line)}: {each.message}")
                for each in facts.errors
            ),
        )

    def _line(self, line: int) -> int:
        return self.lines[self._index(line)] if self.lines else 1

    def _cell(self, line: int) -> str:
        cell, inside = self.cells[self._index(line)] if self.cells else (1, 1)
        return f"cell {cell}, line {inside}"

    def _index(self, line: int) -> int:
        return min(max(line, 1), len(self.lines)) - 1


def read_notebook(text: str) -> Notebook:
    """Read a Jupyter notebook's code cells, magics and cells of other languages commented out.

    Raises ValueError when it is no notebook.
    """
    code: list[str] = []
    lines: list[int] = []
    cells: list[tuple[int, int]] = []
    place, line_at = 0, _Lines(text)
    for number, cell in enumerate(_cells(text), 1):
        source = cell.get("source", "")
        pieces = [source] if isinstance(source, str) else list(map(str, source)) if isinstance(source, list) else []
        is_code, whole = cell.get("cell_type") == "code", "".join(pieces)
        starts = []
        for piece in pieces:
            place = _found(text, piece, place)
            starts += [line_at(place)] * (piece.count("\n") or 1)
        if not is_code:
            continue
        is_foreign = bool(_FOREIGN.match(whole))
        for inside, line in enumerate(whole.split("\n")):
            code.append(f"# {line}" if is_foreign or _MAGIC.match(line) else line)
            lines.append(starts[min(inside, len(starts) - 1)] if starts else 1)
            cells.append((number, inside + 1))
    return Notebook("\n".join(code), tuple(lines), tuple(cells))


def _cells(text: str) -> Iterator[dict[str, Any]]:
    try:
        notebook = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    return (cell if isinstance(cell, dict) else {} for cell in cells)


def _found(text: str, piece: str, place: int) -> int:
    """Return where the JSON string of `piece` stands at or behind `place`, or `place` when it is spelled otherwise."""
    # Both spellings are tried on a stretch that is bounded, so that the whole stays linear.
    end = place + 6 * len(piece) + 20_000
    spelled: Sequence[str] = (json.dumps(piece, ensure_ascii=False), json.dumps(piece))
    hits = [hit for each in spelled if (hit := text.find(each, place, end)) >= 0]
    return min(hits) if hits else place


class _Lines:
    """Tell the line of an offset; offsets must not go back, so that every newline is counted once."""

    def __init__(self, text: str):
        self._text = text
        self._offset = 0
        self._line = 1

    def __call__(self, offset: int) -> int:
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line

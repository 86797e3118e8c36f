"""The one place that writes to the terminal: colours where a person looks, plain lines elsewhere."""

import json
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {
    "passed": "bold green",
    "failed": "bold red",
    "inconclusive": "bold yellow",
    "running": "cyan",
    "error": "bold red",
    "refused": "bold red",
}


class Screen:
    """Write to standard output; messages about the program itself go to standard error."""

    @cached_property
    def _out(self) -> "Console":
        return _console(stderr=False)

    @cached_property
    def live(self) -> bool:
        """Return whether a person looks on as it is written."""
        return self._out.is_terminal

    def line(self, text: str = "") -> None:
        """Write one line as it is."""
        self._out.print(_styled((text, "")))

    def verdict(self, verdict: str, label: str, text: str) -> None:
        """Write a verdict, what it belongs to, and its sentence."""
        style = _STYLES.get(verdict, "white")
        self._out.print(_styled((f"{verdict:>12}", style), ("  ", ""), (f"{label:<18}", "bold"), (f" {text}", "")))

    def detail(self, text: str) -> None:
        """Write a subordinate line."""
        self._out.print(_styled((f"{' ' * 14}{text}", "dim")))

    def progress(self, text: str) -> None:
        """Write a passing line: in place on a terminal, as a line of its own elsewhere."""
        if self.live:
            self._out.print(_styled((f"{' ' * 14}{text[:100]:<100}", "dim")), end="\r")
        else:
            self.detail(text)

    def json(self, value: Any) -> None:
        """Write a value as one JSON document."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")
        sys.stdout.flush()

    def raw(self, text: str) -> None:
        """Write text for another program, byte for byte."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def error(self, summary: str, remedy: str) -> None:
        """Write an error and what to do about it to standard error."""
        shown = _console(stderr=True)
        shown.print(_styled(("error:", "bold red"), (f" {summary}", "")))
        shown.print(_styled((remedy, "dim")))


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def _styled(*parts: tuple[str, str]) -> "Text":
    from rich.text import Text

    return Text.assemble(*parts)
